"""Vectors of sixteen numbers as values, for loops that the compiler makes nothing of.

It does not keep an accumulator in registers, and before each short loop it asks anew whether the
arrays overlap. Without compilation, vectors are NumPy arrays.
"""

import operator
from functools import partial
from itertools import product

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.extending import intrinsic, lower_builtin, overload, register_model, type_callable

WIDTH = 16
_SQUARE = 8


class _Vector(types.Type):
    def __init__(self, scalar):
        self.scalar = scalar
        super().__init__(name=f"vector({scalar})")


@register_model(_Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, vector):
        element = ir.FloatType() if vector.scalar == types.float32 else ir.DoubleType()
        super().__init__(manager, vector, ir.VectorType(element, WIDTH))


def is_double(array):
    """Whether an array is of double precision, decided when code is compiled."""
    return array.itemsize == 8


def load(array, at):
    """Sixteen numbers of a contiguous array, from a place on."""
    return array[at : at + WIDTH].copy()


def store(vector, array, at):
    """Write them to a place of a contiguous array."""
    array[at : at + WIDTH] = vector


def fetch(array, at):
    """Ask for the numbers at a place of a contiguous array, to have them in the second cache."""


def splat(x):
    """Sixteen times the same number."""
    return np.full(WIDTH, x)


def choose(a, b, where_greater, elsewhere):
    """Numbers of the third vector where those of the first exceed those of the second."""
    return np.where(a > b, where_greater, elsewhere)


def roots(vector):
    """Square roots of sixteen numbers."""
    return np.sqrt(vector)


def in_order(a, b):
    """The larger and the smaller numbers of two vectors, neither of which holds a NaN."""
    return np.maximum(a, b), np.minimum(a, b)


def gather(rows, starts, j, lanes, stride):
    """From the j-th number on, turn sixteen of each of sixteen rows into a lane.

    Rows start anywhere in one contiguous array, and so do vectors, a stride apart: the j-th of
    them holds the j-th number of each row.
    """
    for lane, start in enumerate(starts):
        at = j * stride + lane
        lanes[at : at + WIDTH * stride : stride] = rows[start + j : start + j + WIDTH]


def scatter(lanes, stride, rows, starts, j):
    """The other way round, from lanes to rows, one row after the other."""
    for lane, start in enumerate(starts):
        at = j * stride + lane
        rows[start + j : start + j + WIDTH] = lanes[at : at + WIDTH * stride : stride]


def are_zero(array, at):
    """Whether sixteen numbers of a contiguous array are zero."""
    return not array[at : at + WIDTH].any()


def places_of_nonzeros(array, at, first, places, n):
    """Append the places of those of sixteen numbers that are not zero to the first n places.

    Parameters
    ----------
    at, first : int
        Where the sixteen numbers start, and what the place of the first one is called.

    Returns
    -------
    n : int
        Number of places now. Up to sixteen behind them are overwritten.
    """
    found = first + np.flatnonzero(array[at : at + WIDTH])
    places[n : n + found.size] = found
    return n + found.size


def _address(context, builder, array_type, array, at, width=WIDTH):
    data = context.make_array(array_type)(context, builder, array).data
    vector = ir.VectorType(context.get_value_type(array_type.dtype), width)
    return builder.bitcast(builder.gep(data, [at]), vector.as_pointer())


@intrinsic
def _load(typing_context, array, at):
    def code(context, builder, signature, args):
        loaded = builder.load(_address(context, builder, array, *args))
        loaded.align = array.dtype.bitwidth // 8
        return loaded

    return _Vector(array.dtype)(array, types.intp), code


@intrinsic
def _store(typing_context, vector, array, at):
    def code(context, builder, signature, args):
        value, *place = args
        stored = builder.store(value, _address(context, builder, array, *place))
        stored.align = array.dtype.bitwidth // 8
        return context.get_dummy_value()

    return types.void(vector, array, types.intp), code


@intrinsic
def _fetch(typing_context, array, at):
    def code(context, builder, signature, args):
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        prefetch = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(ir.VoidType(), [byte, number, number, number]),
            "llvm.prefetch.p0",
        )
        data = context.make_array(array)(context, builder, args[0]).data
        address = builder.bitcast(builder.gep(data, [args[1]]), byte)
        read, second_cache, not_code = number(0), number(2), number(1)
        builder.call(prefetch, [address, read, second_cache, not_code])
        return context.get_dummy_value()

    return types.void(array, types.intp), code


@intrinsic
def _splat(typing_context, x):
    def code(context, builder, signature, args):
        vector = context.get_value_type(signature.return_type)
        undefined, lane = ir.Constant(vector, ir.Undefined), ir.IntType(32)
        first = builder.insert_element(undefined, args[0], lane(0))
        lanes = ir.Constant(ir.VectorType(lane, WIDTH), [0] * WIDTH)
        return builder.shuffle_vector(first, undefined, lanes)

    return _Vector(x)(x), code


@intrinsic
def _choose(typing_context, a, b, where_greater, elsewhere):
    def code(context, builder, signature, args):
        return builder.select(builder.fcmp_ordered(">", *args[:2]), *args[2:])

    return a(a, a, a, a), code


def _call(context, builder, name, vector_type, args, fastmath=()):
    vector = context.get_value_type(vector_type)
    function = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(vector, [vector] * len(args)),
        f"{name}.v{WIDTH}f{vector_type.scalar.bitwidth}",
    )
    return builder.call(function, args, fastmath=fastmath)


@intrinsic
def _roots(typing_context, vector):
    def code(context, builder, signature, args):
        return _call(context, builder, "llvm.sqrt", vector, args)

    return vector(vector), code


def _extreme(name):
    # Not a comparison: a choice that is stored where one side was loaded becomes a masked store,
    # and the next load waits for it to reach the cache.
    @intrinsic
    def extreme(typing_context, a, b):
        def code(context, builder, signature, args):
            return _call(context, builder, name, a, args, ("nnan", "nsz"))

        return a(a, b), code

    return extreme


_maximum, _minimum = map(_extreme, ("llvm.maxnum", "llvm.minnum"))


def _transposed(builder, rows):
    """Blocks on both sides of the diagonal change places, smaller and smaller ones."""
    n = len(rows)
    lane = ir.IntType(32)
    size = n // 2
    while size:
        upper = [k if not k & size else n + k - size for k in range(n)]
        lower = [k + size if not k & size else n + k for k in range(n)]
        for k in range(n):
            if not k & size:
                pair = rows[k], rows[k + size]
                for place, lanes in ((k, upper), (k + size, lower)):
                    mask = ir.Constant(ir.VectorType(lane, n), lanes)
                    rows[place] = builder.shuffle_vector(*pair, mask)
        size //= 2
    return rows


def _transpose(context, builder, array_types, lanes, stride, rows, starts, j, to):
    """From rows to lanes, or from lanes to rows, in squares that fit the registers."""
    lanes_type, rows_type, starts_type = array_types
    number = partial(context.get_constant, types.intp)
    data = context.make_array(starts_type)(context, builder, starts).data
    starts = [
        context.cast(
            builder, builder.load(builder.gep(data, [number(k)])), starts_type.dtype, types.intp
        )
        for k in range(WIDTH)
    ]
    for first, lane in product(range(0, WIDTH, _SQUARE), repeat=2):
        column = builder.add(j, number(first))
        of_rows, of_lanes = [], []
        for k in range(_SQUARE):
            at = builder.add(starts[lane + k], column)
            of_rows.append(_address(context, builder, rows_type, rows, at, _SQUARE))
            at = builder.mul(builder.add(column, number(k)), stride)
            at = builder.add(at, number(lane))
            of_lanes.append(_address(context, builder, lanes_type, lanes, at, _SQUARE))
        sources, targets = (of_rows, of_lanes) if to == "lanes" else (of_lanes, of_rows)
        vectors = [builder.load(address) for address in sources]
        for vector in vectors:
            vector.align = lanes_type.dtype.bitwidth // 8
        for vector, address in zip(_transposed(builder, vectors), targets, strict=True):
            builder.store(vector, address).align = lanes_type.dtype.bitwidth // 8
    return context.get_dummy_value()


@intrinsic
def _gather(typing_context, rows, starts, j, lanes, stride):
    def code(context, builder, signature, args):
        held_rows, held_starts, at, held_lanes, apart = args
        held = held_lanes, apart, held_rows, held_starts, at
        return _transpose(context, builder, (lanes, rows, starts), *held, "lanes")

    return types.void(rows, starts, types.intp, lanes, types.intp), code


@intrinsic
def _scatter(typing_context, lanes, stride, rows, starts, j):
    def code(context, builder, signature, args):
        return _transpose(context, builder, (lanes, rows, starts), *args, "rows")

    return types.void(lanes, types.intp, rows, starts, types.intp), code


def _nonzeros(context, builder, array_type, array, at):
    """One bit for each of sixteen numbers."""
    loaded = builder.load(_address(context, builder, array_type, array, at))
    loaded.align = array_type.dtype.bitwidth // 8
    return builder.fcmp_unordered("!=", loaded, ir.Constant(loaded.type, None))


@intrinsic
def _are_zero(typing_context, array, at):
    def code(context, builder, signature, args):
        bits = builder.bitcast(_nonzeros(context, builder, array, *args), ir.IntType(WIDTH))
        return builder.icmp_unsigned("==", bits, bits.type(0))

    return types.boolean(array, types.intp), code


@intrinsic
def _places_of_nonzeros(typing_context, array, at, first, places, n):
    def code(context, builder, signature, args):
        array_value, at_value, first_value, places_value, n_value = args
        lane, mask_type = ir.IntType(32), ir.VectorType(ir.IntType(1), WIDTH)
        lanes = ir.VectorType(lane, WIDTH)
        mask = _nonzeros(context, builder, array, array_value, at_value)
        undefined = ir.Constant(lanes, ir.Undefined)
        numbers = builder.insert_element(undefined, builder.trunc(first_value, lane), lane(0))
        numbers = builder.shuffle_vector(numbers, undefined, ir.Constant(lanes, [0] * WIDTH))
        compress = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(lanes, [lanes, mask_type, lanes]),
            f"llvm.experimental.vector.compress.v{WIDTH}i32",
        )
        numbers = builder.add(numbers, ir.Constant(lanes, list(range(WIDTH))))
        found = builder.call(compress, [numbers, mask, undefined])
        data = context.make_array(places)(context, builder, places_value).data
        place = builder.bitcast(builder.gep(data, [n_value]), lanes.as_pointer())
        builder.store(found, place).align = 4
        bits = builder.ctpop(builder.bitcast(mask, ir.IntType(WIDTH)))
        return builder.add(n_value, builder.zext(bits, n_value.type))

    return types.intp(array, types.intp, types.intp, places, types.intp), code


@overload(are_zero, inline="always")
def _compiled_are_zero(array, at):
    return lambda array, at: _are_zero(array, at)


@overload(places_of_nonzeros, inline="always")
def _compiled_places_of_nonzeros(array, at, first, places, n):
    return lambda array, at, first, places, n: _places_of_nonzeros(array, at, first, places, n)


@overload(is_double, inline="always")
def _compiled_is_double(array):
    double = array.dtype == types.float64
    return lambda array: double


@overload(choose, inline="always")
def _compiled_choose(a, b, where_greater, elsewhere):
    return lambda a, b, where_greater, elsewhere: _choose(a, b, where_greater, elsewhere)


@overload(roots, inline="always")
def _compiled_roots(vector):
    return lambda vector: _roots(vector)


@overload(in_order, inline="always")
def _compiled_in_order(a, b):
    return lambda a, b: (_maximum(a, b), _minimum(a, b))


@overload(gather, inline="always")
def _compiled_gather(rows, starts, j, lanes, stride):
    return lambda rows, starts, j, lanes, stride: _gather(rows, starts, j, lanes, stride)


@overload(scatter, inline="always")
def _compiled_scatter(lanes, stride, rows, starts, j):
    return lambda lanes, stride, rows, starts, j: _scatter(lanes, stride, rows, starts, j)


@overload(load, inline="always")
def _compiled_load(array, at):
    return lambda array, at: _load(array, at)


@overload(store, inline="always")
def _compiled_store(vector, array, at):
    return lambda vector, array, at: _store(vector, array, at)


@overload(fetch, inline="always")
def _compiled_fetch(array, at):
    return lambda array, at: _fetch(array, at)


@overload(splat, inline="always")
def _compiled_splat(x):
    return lambda x: _splat(x)


def _arithmetic(operation, instruction):
    @type_callable(operation)
    def typed(context):
        return lambda a, b: a if isinstance(a, _Vector) and a == b else None

    @lower_builtin(operation, _Vector, _Vector)
    def code(context, builder, signature, args):
        return getattr(builder, instruction)(*args, flags=("contract",))


for _operation, _instruction in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _arithmetic(_operation, _instruction)
