"""Instructions that the compiler does not find by itself. Not compiled, they are NumPy.

They pay in whole fits: without them a batch of MNIST images takes a third longer.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing import signature
from numba.extending import lower_builtin, type_callable

# Numbers that are looked at together.
WIDTH = 16

# Rows and columns of the squares that are transposed.
SQUARE = 8


def fetch(array, place):
    """Ask for a number of a contiguous array, to have its line in the second cache."""


def places_of_nonzeros(array, first, places, n):
    """Append the places of those of sixteen numbers that are not zero to the first n places.

    Parameters
    ----------
    array : ndarray
        Contiguous.
    first : int
        Place of the first of the sixteen numbers.
    places : ndarray of 32-bit integers
        Up to sixteen places behind the new ones are overwritten.
    n : int

    Returns
    -------
    n : int
        Number of places now.
    """
    found = first + np.flatnonzero(array[first : first + WIDTH])
    places[n : n + found.size] = found
    return n + found.size


def turn(source, i, j, target):
    """Transpose the square of a matrix that begins in row i and column j.

    Rows of both matrices lie anywhere, but their elements side by side.
    """
    target[j : j + SQUARE, i : i + SQUARE] = source[i : i + SQUARE, j : j + SQUARE].T


@type_callable(turn)
def _type_of_turn(context):
    return lambda source, i, j, target: signature(
        types.none, source, types.intp, types.intp, target
    )


def _rows_of_square(context, builder, matrix_type, matrix, i, j):
    """Addresses of the rows of a square, as vectors."""
    held = context.make_array(matrix_type)(context, builder, matrix)
    stride, _ = cgutils.unpack_tuple(builder, held.strides)
    vector = ir.VectorType(context.get_value_type(matrix_type.dtype), SQUARE)
    byte = ir.IntType(8).as_pointer()
    address = builder.bitcast(builder.gep(held.data, [j]), byte)
    for k in range(SQUARE):
        place = builder.mul(builder.add(i, i.type(k)), stride)
        yield builder.bitcast(builder.gep(address, [place]), vector.as_pointer())


@lower_builtin(turn, types.Array, types.intp, types.intp, types.Array)
def _compiled_turn(context, builder, signature, args):
    source, i, j, target = args
    source_type, _, _, target_type = signature.args
    rows = [
        builder.load(row, align=source_type.dtype.bitwidth // 8)
        for row in _rows_of_square(context, builder, source_type, source, i, j)
    ]
    # Blocks on both sides of the diagonal change places, smaller and smaller ones.
    size = SQUARE // 2
    while size:
        for k in range(SQUARE):
            if not k & size:
                pair = rows[k], rows[k + size]
                for place, far in ((k, SQUARE - size), (k + size, SQUARE)):
                    lanes = [n + place - k if not n & size else n + far for n in range(SQUARE)]
                    mask = ir.Constant(ir.VectorType(ir.IntType(32), SQUARE), lanes)
                    rows[place] = builder.shuffle_vector(*pair, mask)
        size //= 2
    targets = _rows_of_square(context, builder, target_type, target, j, i)
    for row, address in zip(rows, targets, strict=True):
        builder.store(row, address, align=target_type.dtype.bitwidth // 8)
    return context.get_dummy_value()


@type_callable(fetch)
def _type_of_fetch(context):
    return lambda array, place: signature(types.none, array, types.intp)


@lower_builtin(fetch, types.Array, types.intp)
def _compiled_fetch(context, builder, signature, args):
    array, place = args
    byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
    prefetch = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(ir.VoidType(), [byte, number, number, number]),
        "llvm.prefetch.p0",
    )
    data = context.make_array(signature.args[0])(context, builder, array).data
    address = builder.bitcast(builder.gep(data, [place]), byte)
    read, second_cache, not_code = number(0), number(2), number(1)
    builder.call(prefetch, [address, read, second_cache, not_code])
    return context.get_dummy_value()


@type_callable(places_of_nonzeros)
def _type_of_places(context):
    return lambda array, first, places, n: signature(
        types.intp, array, types.intp, places, types.intp
    )


@lower_builtin(places_of_nonzeros, types.Array, types.intp, types.Array, types.intp)
def _compiled_places(context, builder, signature, args):
    array, first, places, n = args
    array_type, _, places_type, _ = signature.args
    lane, mask_type = ir.IntType(32), ir.VectorType(ir.IntType(1), WIDTH)
    lanes = ir.VectorType(lane, WIDTH)
    data = context.make_array(array_type)(context, builder, array).data
    vector = ir.VectorType(context.get_value_type(array_type.dtype), WIDTH)
    loaded = builder.load(builder.bitcast(builder.gep(data, [first]), vector.as_pointer()))
    loaded.align = array_type.dtype.bitwidth // 8
    mask = builder.fcmp_unordered("!=", loaded, ir.Constant(vector, None))
    undefined = ir.Constant(lanes, ir.Undefined)
    numbers = builder.insert_element(undefined, builder.trunc(first, lane), lane(0))
    numbers = builder.shuffle_vector(numbers, undefined, ir.Constant(lanes, [0] * WIDTH))
    numbers = builder.add(numbers, ir.Constant(lanes, list(range(WIDTH))))
    compress = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(lanes, [lanes, mask_type, lanes]),
        f"llvm.experimental.vector.compress.v{WIDTH}i32",
    )
    found = builder.call(compress, [numbers, mask, undefined])
    held = context.make_array(places_type)(context, builder, places).data
    place = builder.bitcast(builder.gep(held, [n]), lanes.as_pointer())
    builder.store(found, place).align = 4
    bits = builder.ctpop(builder.bitcast(mask, ir.IntType(WIDTH)))
    return builder.add(n, builder.zext(bits, n.type))
