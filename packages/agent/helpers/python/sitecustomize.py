"""Read by Python at its start, through PYTHONPATH: makes Longshore's functions
built in, and takes PYTHONPATH back, so that child processes don't inherit it.
The functions themselves are read at their first use, or by `import longshore`.
"""

import builtins
import os
import sys

_here = os.path.dirname(os.path.abspath(__file__))


def _restore_path():
    before = os.environ.pop("LONGSHORE_PYTHONPATH", None)
    if before is None:
        os.environ.pop("PYTHONPATH", None)
    else:
        os.environ["PYTHONPATH"] = before
    sys.path[:] = [entry for entry in sys.path if entry != _here]


class _Finder:
    """Finds `longshore` without a folder on sys.path that could hide others."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != "longshore":
            return None
        from importlib.util import spec_from_file_location

        return spec_from_file_location(name, os.path.join(_here, "longshore.py"))


def _later(name):
    def call(*args, **kwargs):
        import longshore

        return getattr(longshore, name)(*args, **kwargs)

    call.__name__ = name
    return call


class _Variables:
    """Octopus's `octopusvariables`: a mapping, read at its first use."""

    def __getattr__(self, name):
        import longshore

        return getattr(longshore.get_variables(), name)

    def __getitem__(self, name):
        return get_octopusvariables()[name]

    def __contains__(self, name):
        return name in get_octopusvariables()

    def __iter__(self):
        return iter(get_octopusvariables())

    def __len__(self):
        return len(get_octopusvariables())


def _chain():
    """The machine's own sitecustomize, which ours stands before."""
    from importlib.machinery import PathFinder

    found = PathFinder.find_spec("sitecustomize", sys.path)
    if found is not None and found.loader is not None:
        from importlib.util import module_from_spec

        found.loader.exec_module(module_from_spec(found))


_NAMES = (
    "get_variable get_variables set_variable new_artifact fail_step update_progress mask_value "
    "write_verbose write_highlight write_wait write_warning write_error "
    "get_octopusvariable get_octopusvariables set_octopusvariable createartifact new_octopusartifact "
    "failstep updateprogress printverbose printhighlight printwait printwarning"
)
for _name in _NAMES.split():
    setattr(builtins, _name, _later(_name))
get_octopusvariables = builtins.get_octopusvariables
builtins.octopusvariables = _Variables()
_restore_path()
sys.meta_path.append(_Finder)
_chain()
