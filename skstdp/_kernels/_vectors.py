"""Vectors of sixteen numbers as values, for loops that the compiler makes nothing of.

It does not keep an accumulator in registers, and before each short loop it asks anew whether the
arrays overlap. Without compilation, vectors are NumPy arrays.
"""

import operator

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.extending import intrinsic, lower_builtin, overload, register_model, type_callable

WIDTH = 16


class _Vector(types.Type):
    def __init__(self, scalar):
        self.scalar = scalar
        super().__init__(name=f"vector({scalar})")


@register_model(_Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, vector):
        element = ir.FloatType() if vector.scalar == types.float32 else ir.DoubleType()
        super().__init__(manager, vector, ir.VectorType(element, WIDTH))


def load(array, at):
    """Sixteen numbers of a contiguous array, from a place on."""
    return array[at : at + WIDTH].copy()


def store(vector, array, at):
    """Write them to a place of a contiguous array."""
    array[at : at + WIDTH] = vector


def splat(x):
    """Sixteen times the same number."""
    return np.full(WIDTH, x)


def choose(a, b, where_greater, elsewhere):
    """Numbers of the third vector where those of the first exceed those of the second."""
    return np.where(a > b, where_greater, elsewhere)


def transpose(source, at, stride, target, place, target_stride):
    """Write sixteen rows of sixteen numbers as columns; rows start a stride apart."""
    columns = [source[at + k : at + k + WIDTH * stride : stride] for k in range(WIDTH)]
    for k, column in enumerate(columns):
        target[place + k * target_stride : place + k * target_stride + WIDTH] = column


def places_of_nonzeros(array, at, places, n):
    """Append the places of those of sixteen numbers that are not zero to the first n places.

    Returns
    -------
    n : int
        Number of places now. Up to sixteen behind them are overwritten.
    """
    found = at + np.flatnonzero(array[at : at + WIDTH])
    places[n : n + found.size] = found
    return n + found.size


def _address(context, builder, array_type, array, at):
    data = context.make_array(array_type)(context, builder, array).data
    vector = context.get_value_type(_Vector(array_type.dtype))
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


@intrinsic
def _transpose(typing_context, source, at, stride, target, place, target_stride):
    def code(context, builder, signature, args):
        source_value, at, stride, target_value, place, target_stride = args
        alignment = source.dtype.bitwidth // 8
        rows = []
        for _ in range(WIDTH):
            rows.append(builder.load(_address(context, builder, source, source_value, at)))
            rows[-1].align = alignment
            at = builder.add(at, stride)
        lane = ir.IntType(32)
        # Blocks on both sides of the diagonal change places, smaller and smaller ones.
        size = WIDTH // 2
        while size:
            upper = [k if not k & size else WIDTH + k - size for k in range(WIDTH)]
            lower = [k + size if not k & size else WIDTH + k for k in range(WIDTH)]
            for k in range(WIDTH):
                if not k & size:
                    pair = rows[k], rows[k + size]
                    for place_of, lanes in ((k, upper), (k + size, lower)):
                        mask = ir.Constant(ir.VectorType(lane, WIDTH), lanes)
                        rows[place_of] = builder.shuffle_vector(*pair, mask)
            size //= 2
        for row in rows:
            address = _address(context, builder, target, target_value, place)
            builder.store(row, address).align = alignment
            place = builder.add(place, target_stride)
        return context.get_dummy_value()

    return types.void(source, types.intp, types.intp, target, types.intp, types.intp), code


@intrinsic
def _places_of_nonzeros(typing_context, array, at, places, n):
    def code(context, builder, signature, args):
        array_value, at_value, places_value, n_value = args
        lane, mask_type = ir.IntType(32), ir.VectorType(ir.IntType(1), WIDTH)
        lanes = ir.VectorType(lane, WIDTH)
        loaded = builder.load(_address(context, builder, array, array_value, at_value))
        loaded.align = array.dtype.bitwidth // 8
        mask = builder.fcmp_unordered("!=", loaded, ir.Constant(loaded.type, None))
        undefined = ir.Constant(lanes, ir.Undefined)
        first = builder.insert_element(undefined, builder.trunc(at_value, lane), lane(0))
        first = builder.shuffle_vector(first, undefined, ir.Constant(lanes, [0] * WIDTH))
        compress = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(lanes, [lanes, mask_type, lanes]),
            f"llvm.experimental.vector.compress.v{WIDTH}i32",
        )
        numbers = builder.add(first, ir.Constant(lanes, list(range(WIDTH))))
        found = builder.call(compress, [numbers, mask, undefined])
        data = context.make_array(places)(context, builder, places_value).data
        place = builder.bitcast(builder.gep(data, [n_value]), lanes.as_pointer())
        builder.store(found, place).align = 4
        bits = builder.ctpop(builder.bitcast(mask, ir.IntType(WIDTH)))
        return builder.add(n_value, builder.zext(bits, n_value.type))

    return types.intp(array, types.intp, places, types.intp), code


@overload(places_of_nonzeros, inline="always")
def _compiled_places_of_nonzeros(array, at, places, n):
    return lambda array, at, places, n: _places_of_nonzeros(array, at, places, n)


@overload(choose, inline="always")
def _compiled_choose(a, b, where_greater, elsewhere):
    return lambda a, b, where_greater, elsewhere: _choose(a, b, where_greater, elsewhere)


@overload(transpose, inline="always")
def _compiled_transpose(source, at, stride, target, place, target_stride):
    return lambda source, at, stride, target, place, target_stride: _transpose(
        source, at, stride, target, place, target_stride
    )


@overload(load, inline="always")
def _compiled_load(array, at):
    return lambda array, at: _load(array, at)


@overload(store, inline="always")
def _compiled_store(vector, array, at):
    return lambda vector, array, at: _store(vector, array, at)


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
