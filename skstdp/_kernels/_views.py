"""Views of arrays, made in line: what Numba's own ones cost tells in small layers."""

from numba import types
from numba.core.typing import signature
from numba.extending import lower_builtin, type_callable
from numba.np.arrayobj import populate_array


def matrix(array, at, n_rows, n_columns):
    """Rows that lie one after the other in a contiguous array, from a place on."""
    return array[at : at + n_rows * n_columns].reshape(n_rows, n_columns)


def flat(array):
    """All elements of a contiguous array, one after the other."""
    return array.reshape(-1)


def _view(context, builder, array_type, view_type, array, at, shape):
    """Another array on the same memory, whose references nobody counts."""
    source = context.make_array(array_type)(context, builder, array)
    view = context.make_array(view_type)(context, builder)
    itemsize = context.get_constant(types.intp, view_type.dtype.bitwidth // 8)
    strides = [itemsize, builder.mul(shape[-1], itemsize)][: len(shape)][::-1]
    populate_array(
        view,
        data=builder.gep(source.data, [at]),
        shape=shape,
        strides=strides,
        itemsize=itemsize,
        meminfo=None,
    )
    return view._getvalue()


@type_callable(matrix)
def _type_of_matrix(context):
    def typed(array, at, n_rows, n_columns):
        return signature(array.copy(ndim=2), array, types.intp, types.intp, types.intp)

    return typed


@lower_builtin(matrix, types.Array, types.intp, types.intp, types.intp)
def _compiled_matrix(context, builder, signature, args):
    array, at, *shape = args
    types_of_both = signature.args[0], signature.return_type
    return _view(context, builder, *types_of_both, array, at, shape)


@type_callable(flat)
def _type_of_flat(context):
    return lambda array: array.copy(ndim=1)


@lower_builtin(flat, types.Array)
def _compiled_flat(context, builder, signature, args):
    (array,) = args
    n_items = context.make_array(signature.args[0])(context, builder, array).nitems
    start = context.get_constant(types.intp, 0)
    types_of_both = signature.args[0], signature.return_type
    return _view(context, builder, *types_of_both, array, start, [n_items])
