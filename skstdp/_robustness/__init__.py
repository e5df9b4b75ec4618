"""Attacks on classifiers, and corruptions of their input, for their users.

=========================  ==============================================================
``_threat_model``          what an attacker may do: epsilon, norm, bounds, immutable ...
``_columns``, ``_checks``  columns by name or position; checks against the data
``_problem``               one target, its samples, the ball around them, and the attacks
``_adversarial_examples``  `fgsm`, `pgd`
``_scorers``               accuracy under attack, as scikit-learn scorers
``_certified``             accuracy that is proven, as a scorer
``_worst_case``            the worst of several attacks for each sample
``_worst_case_scorer``     accuracy under it
``_best_under_attack``     the choice of a search
``_report``                accuracy under several attacks, and whether to believe it
``_attack_table``          distance at which each sample changes class
``_corruptions``           noise, missing values, blur ...: changes that nobody chooses
``_corrupt``               `corrupt`
``_corruption_report``     accuracy under corruptions, and as a scorer
``_tree_attack``           attacks on trees that know their thresholds, and certificates
``_art``                   classifiers for the attacks of another library
=========================  ==============================================================
"""
