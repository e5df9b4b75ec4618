"""Named tuples of arrays that belong together: how Python hands them to the kernels.

n_samples, n_features : shape of the training data
n_inputs : units of the first layer; n_cells : all other units; n_params : weights and biases
"""

from typing import NamedTuple

import numpy as np


class Samples(NamedTuple):
    """Training data, dense or in compressed sparse rows, of which the other kind is empty.

    Attributes
    ----------
    X : ndarray of shape (n_samples, n_features)
    data, indices, indptr : ndarrays
        Compressed sparse rows; indices are int32.
    scale, offset : ndarrays of shape (n_features,)
        Rates of the features are `X * scale + offset`, clipped to [0, 1].
    fields : tuple of ndarrays
        Feature of each step, number of steps of this feature, and number of the step among them;
        empty where the rates themselves are the inputs.
    y : ndarray of shape (n_samples,), dtype intp
        Class index of each sample.
    sample_weight : ndarray of shape (n_samples,)
    """

    X: np.ndarray
    data: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray
    scale: np.ndarray
    offset: np.ndarray
    fields: tuple
    y: np.ndarray
    sample_weight: np.ndarray


class Network(NamedTuple):
    """Sigmoid units and their synapses.

    Attributes
    ----------
    layer_sizes : ndarray of shape (n_layers,), dtype intp
        Number of units of each layer, input and output included.
    params : ndarray of shape (n_params,)
        Weights of shape (n_in, n_out), then biases, layer after layer.
    """

    layer_sizes: np.ndarray
    params: np.ndarray


class Schedule(NamedTuple):
    """State of Adam, and the steps that it is to take.

    Attributes
    ----------
    first, second : ndarrays of shape (n_params,)
        Moments of the updates.
    settings : ndarray of shape (4,)
        `beta_1`, `beta_2`, `epsilon` and `weight_decay`.
    n_steps : int
        Number of steps so far.
    step_sizes : ndarray of shape (n_epochs, n_batches)
        Step size of each batch; the batches of an epoch are of nearly equal size.
    scales : ndarray of shape (n_maps,)
        Factor on the step size of each map from one layer to another.
    shapes : ndarray of shape (n_maps, 2), dtype intp
        Numbers of inputs and outputs of each map, in the order of the parameters.
    """

    first: np.ndarray
    second: np.ndarray
    settings: np.ndarray
    n_steps: int
    step_sizes: np.ndarray
    scales: np.ndarray
    shapes: np.ndarray


class Backpropagation(NamedTuple):
    """The rule that needs nothing besides the network."""


class Feedback(NamedTuple):
    """Fixed matrices by which errors come down to the hidden layers.

    Attributes
    ----------
    coefs : ndarray
        One matrix per hidden layer, one after the other. It has one row per unit, and one column
        per unit from which the error comes.
    direct : bool
        True if the error comes from the output units, not from those of the layer above.
    signed : bool
        True if each entry, which is positive, takes the sign of the weight between both units.
    """

    coefs: np.ndarray
    direct: bool
    signed: bool


class STDPRule(NamedTuple):
    """All that the local rule needs besides rates.

    Attributes
    ----------
    codes : ndarray of shape (n_classes, n_cells)
        Fixed association of each unit with each class.
    stdp_epsilon : float
        Term that keeps the denominator of the rule off zero.
    competes : ndarray of shape (n_layers - 1,), dtype bool
        True for the layers in which only winners learn.
    matches_probabilities : bool
        True if the rates of the outputs are to match class probabilities.
    n_winners : ndarray of shape (2, n_layers - 1, n_classes), dtype intp
        Number of winners among the units that are associated positively, and negatively, with
        each class. It is read for the layers that compete.
    handicap : float
        Score that a hidden unit loses that always wins.
    margins : ndarray of shape (n_layers - 1,)
        Lead from which on a layer does not learn from a sample; infinite for no such limit.
    win_rates : ndarray of shape (n_cells,)
        Running share of the samples that each unit wins; changed in place.
    """

    codes: np.ndarray
    stdp_epsilon: float
    competes: np.ndarray
    matches_probabilities: bool
    n_winners: np.ndarray
    handicap: float
    margins: np.ndarray
    win_rates: np.ndarray


class TargetPropagation(NamedTuple):
    """All that target propagation needs besides the network and its inverses.

    Attributes
    ----------
    target_step : float
        Step against the loss from the rates of the last hidden layer to their targets.
    inverse_noise : float
        Standard deviation of the noise on the rates that the inverses are to reconstruct.
    noise : ndarray of shape (2,), dtype uint64
        Stream of the noise, and the number of the next draw, which changes in place.
    """

    target_step: float
    inverse_noise: float
    noise: np.ndarray


class LocalRule(NamedTuple):
    """A formula of one synapse, and who learns by it.

    Attributes
    ----------
    rule : str or callable
        Name of the formula, or the function of a user, compiled or not.
    sees_mean_square : bool
        True for a function with a fourth argument, the mean squared rate of the unit.
    codes, competes, matches_probabilities, n_winners, handicap, margins, win_rates
        As in `STDPRule`.
    """

    rule: object
    sees_mean_square: bool
    codes: np.ndarray
    competes: np.ndarray
    matches_probabilities: bool
    n_winners: np.ndarray
    handicap: float
    margins: np.ndarray
    win_rates: np.ndarray


class Nonzeros(NamedTuple):
    """Columns of a batch whose rates are not zero: `columns[starts[s]:starts[s + 1]]` of row s.

    With `skip` they are all that need be visited; without it the arrays hold nothing.
    """

    skip: bool
    starts: np.ndarray
    columns: np.ndarray


class Labels(NamedTuple):
    """Class index and weight of some samples; weights add up to one."""

    y: np.ndarray
    weight: np.ndarray


class Batch(NamedTuple):
    """Samples from which a network learns at a time.

    Attributes
    ----------
    inputs : ndarray of shape (n_samples, n_inputs)
        Rates of the inputs.
    nonzeros : Nonzeros
    labels : Labels
    rates : ndarray of shape (n_samples * n_cells,)
        Rates of the layers, one after the other, each of shape (n_samples, n_units).
    logits : ndarray of shape (n_samples, n_outputs)
    """

    inputs: np.ndarray
    nonzeros: Nonzeros
    labels: Labels
    rates: np.ndarray
    logits: np.ndarray


class CompetitionScratch(NamedTuple):
    """Arrays that the competition of a layer overwrites."""

    rates: np.ndarray
    side: np.ndarray
    best: np.ndarray
    lanes: np.ndarray
    units: np.ndarray


class RuleScratch(NamedTuple):
    """Arrays that the local rule overwrites."""

    association: np.ndarray
    competition: CompetitionScratch
    rows: np.ndarray
    ends: np.ndarray
    learners: np.ndarray
    block: np.ndarray


class LocalRuleScratch(NamedTuple):
    """Arrays that a rule of one synapse overwrites.

    Attributes
    ----------
    association : ndarray of shape (n_samples * n_cells,)
        Associations of the layers, one after the other, each of shape (n_samples, n_units).
    mean_square : ndarray of shape (widest,)
        Mean of the squared rate of each unit of a layer.
    layer : RuleScratch
    """

    association: np.ndarray
    mean_square: np.ndarray
    layer: RuleScratch


class FeedbackScratch(NamedTuple):
    """Arrays that learning by feedback overwrites: errors, and a matrix with signs."""

    deltas: np.ndarray
    signed: np.ndarray


class TargetScratch(NamedTuple):
    """Arrays that target propagation overwrites, but for the ones.

    Attributes
    ----------
    errors : ndarray of shape (n_samples * n_cells,)
        What the rates lack of their targets, laid out as the rates.
    ones : ndarray of shape (n_samples,)
    target, noisy, guess : ndarrays
        Rates of one layer.
    """

    errors: np.ndarray
    ones: np.ndarray
    target: np.ndarray
    noisy: np.ndarray
    guess: np.ndarray


class Workspace(NamedTuple):
    """Arrays that a batch overwrites: those of `Batch`, its labels, and two more.

    Attributes
    ----------
    scratch : RuleScratch, LocalRuleScratch, FeedbackScratch, TargetScratch or ndarray
        Arrays that the computation of an update overwrites.
    updates : ndarray of shape (n_params,)
        Uphill direction of each parameter.
    """

    inputs: np.ndarray
    starts: np.ndarray
    columns: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    rates: np.ndarray
    logits: np.ndarray
    scratch: tuple
    updates: np.ndarray


class Circuit(NamedTuple):
    """Synapses of a dendritic microcircuit, as `_microcircuit` describes them.

    Attributes
    ----------
    layer_sizes : ndarray of shape (n_layers,)
    params, mirror, feedback : ndarrays
        Forward, lateral and feedback synapses.
    symmetric : bool
        True if feedback weights are the transposed forward weights.
    conductances : ndarray of shape (n_hidden_layers,)
        Strength at which the apical compartments of each layer drive its somata.
    reads : ndarray of shape (n_layers - 1,)
        Place where each layer reads its error.
    """

    layer_sizes: np.ndarray
    params: np.ndarray
    mirror: np.ndarray
    feedback: np.ndarray
    symmetric: bool
    conductances: np.ndarray
    reads: np.ndarray


class Activity(NamedTuple):
    """Cells of a microcircuit for some samples, in one step.

    Attributes
    ----------
    input_psc, input_trace : ndarrays of shape (n_samples, n_inputs)
        Currents of the inputs, and their traces.
    drive : ndarray of shape (n_samples * n_cells,)
        Current into the pyramidal cells.
    state : ndarray of shape (n_quantities, n_samples * n_cells)
        One row per quantity; in it each layer has shape (n_samples, n_units).
    """

    input_psc: np.ndarray
    input_trace: np.ndarray
    drive: np.ndarray
    state: np.ndarray


class Plasticity(NamedTuple):
    """Updates of the synapses of a microcircuit by a batch.

    Attributes
    ----------
    weight : ndarray of shape (n_samples,)
        Weights of the samples, which add up to one over all steps.
    updates, mirror_updates : ndarrays
        Uphill direction of the forward and lateral synapses.
    held_error : ndarray of shape (n_samples, n_first)
        Mismatches of a first layer whose drive is held.
    error, packed, packed_pre, pairings : ndarrays
        Overwritten.
    """

    weight: np.ndarray
    updates: np.ndarray
    mirror_updates: np.ndarray
    held_error: np.ndarray
    error: np.ndarray
    packed: np.ndarray
    packed_pre: np.ndarray
    pairings: np.ndarray


class CircuitWorkspace(NamedTuple):
    """Arrays that a batch of a microcircuit overwrites: the larger of each, without a shape."""

    inputs: np.ndarray
    input_psc: np.ndarray
    input_trace: np.ndarray
    y: np.ndarray
    sample_weight: np.ndarray
    drive: np.ndarray
    state: np.ndarray
    scores: np.ndarray
    potential: np.ndarray
    plasticity: Plasticity
