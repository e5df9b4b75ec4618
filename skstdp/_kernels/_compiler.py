"""The one set of compiler options of the kernels.

`error_model="numpy"`: a checked division does not vectorise. `contract` lets the compiler fuse
a product and a sum. No other fast-math flag: they make `isfinite` lie or reorder sums.
"""

from llvmlite.binding import create_new_function_pass_manager
from numba import config, njit
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.compiler_machinery import LoweringPass, register_pass
from numba.core.typed_passes import NativeLowering

from ._cache import kept_on_disk

_OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}


class _Part(JITCodeLibrary):
    """Code of a kernel that other kernels inline: neither optimised nor assembled by itself.

    Numba does both for each function and for all that it inlines, once more for each caller. That
    took half of the time of compiling.
    """

    def _optimize_functions(self, module):
        module.data_layout = self._codegen._data_layout
        # Only in registers do callers see which arrays overlap no others.
        passes, builder = create_new_function_pass_manager(), self._codegen._pass_builder()
        passes.add_sroa_pass()
        passes.add_instruction_combine_pass()
        for function in module.functions:
            passes.run(function, builder)

    def _optimize_final_module(self):
        pass

    def _finalize_final_module(self):
        self._finalize_dynamic_globals()
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class _WithoutMachineCode(LoweringPass):
    """Make the code of a kernel known to its callers by a key, in place of a function pointer."""

    _name = "without_machine_code"

    def __init__(self):
        LoweringPass.__init__(self)

    def run_pass(self, state):
        lowered = state["cr"]
        # A built-in of its own, as Numba asks for, that raises if Python calls the kernel.
        key = {}.popitem
        state["cr"] = lowered._replace(cfunc=key)
        state.targetctx.insert_user_function(key, lowered.fndesc, [state.library])
        return True


class _PartCompiler(Compiler):
    """Compiler of kernels that other kernels inline."""

    def __init__(self, *args):
        super().__init__(*args)
        flags = self.state.flags
        # No array of a call overlaps another one that the kernel writes to, so loops vectorise.
        flags.noalias = True
        flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True

    def compile_extra(self, func):
        self.state.library = _Part(self.state.targetctx.codegen(), func.__qualname__)
        return super().compile_extra(func)

    def define_pipelines(self):
        (manager,) = super().define_pipelines()
        manager.add_pass_after(_WithoutMachineCode, NativeLowering)
        manager.finalize()
        return [manager]


# Kernels are inlined into those that Python calls. Otherwise the process that compiles them calls
# other copies of them than those that load them from disk, with other sums fused, and the last
# bits of what they return differ.
_INLINED = _OPTIONS | {"forceinline": True, "pipeline_class": _PartCompiler}

# Without counts of references: each view of an array would change one, atomically, and a step of
# a small network makes a hundred views. Such a kernel cannot make or return arrays.
kernel = njit(_nrt=False, **_INLINED)

# With counts of references, for those that make arrays or call such ones. If a `kernel` calls one,
# it must not get an array from it, which nothing would free.
managed = njit(_nrt=True, **_INLINED)

# For what returns a part of an array.
inlined = njit(inline="always", **_OPTIONS)

# Sums and products are rounded one by one, so that the least of a range maps to exactly zero.
uncontracted = njit(_nrt=False, **_INLINED | {"fastmath": False})


# For what Python calls, and no file keeps: a kernel that is made of a function of the user.
unkept = njit(_nrt=True, **_OPTIONS)


def entry(function):
    """Kernel that Python calls: compiled once per dtype, and kept on disk where possible."""
    compiled = unkept(function)
    return compiled if config.DISABLE_JIT else kept_on_disk(compiled)
