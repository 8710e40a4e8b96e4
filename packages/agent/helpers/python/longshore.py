"""Longshore's functions for Python scripts, under neutral names and under Octopus's."""

import binascii
import os
import sys

_variables = None
_REQUIRED = object()


def get_variables():
    """All variables, as a dict."""
    global _variables
    if _variables is None:
        _variables = _read()
    return _variables


def get_variable(name, default=_REQUIRED):
    """A variable's value; KeyError where there is none and no default is given."""
    if default is _REQUIRED:
        return get_variables()[name]
    return get_variables().get(name, default)


def set_variable(name, value, sensitive=False):
    """Sets an output variable."""
    encoded = _encode(value)
    if sensitive:
        # On both streams: which of them is read first can't be known.
        sys.stdout.flush()
        _write(sys.stderr, "##longshore[mask value='%s']\n" % encoded)
    mark = " sensitive='VHJ1ZQ=='" if sensitive else ""
    _message("setVariable name='%s' value='%s'%s" % (_encode(name), encoded, mark))


def mask_value(value):
    """Hides the value in the output from now on."""
    _write(sys.stderr, "##longshore[mask value='%s']\n" % _encode(value))
    _message("mask value='%s'" % _encode(value))


def new_artifact(path, name=None):
    """The file is collected when the script has ended."""
    if not os.path.exists(path):
        raise FileNotFoundError('new_artifact: there is no file "%s"' % path)
    path = os.path.abspath(path)
    _message("createArtifact path='%s' name='%s'" % (_encode(path), _encode(name or os.path.basename(path))))


def fail_step(message=None):
    """Ends the script with 1; the message is what the task says of its failure."""
    if message:
        _message("resultMessage message='%s'" % _encode(message))
    sys.exit(1)


def update_progress(percentage, message=""):
    _message("progress percentage='%s' message='%s'" % (_encode(percentage), _encode(message or "")))


def write_verbose(*values):
    _print("verbose", values)


def write_highlight(*values):
    _print("highlight", values)


def write_wait(*values):
    _print("wait", values)


def write_warning(*values):
    _print("warning", values)


def write_error(*values):
    _print("error", values)


# Octopus's names.
get_octopusvariable = get_variable
get_octopusvariables = get_variables
set_octopusvariable = set_variable
createartifact = new_artifact
new_octopusartifact = new_artifact
failstep = fail_step
updateprogress = update_progress
printverbose = write_verbose
printhighlight = write_highlight
printwait = write_wait
printwarning = write_warning


def _read():
    """The file holds NAME NUL VALUE NUL …"""
    path = os.environ.get("LONGSHORE_VARIABLES")
    if not path:
        return {}
    with open(path, "rb") as file:
        items = file.read().decode("utf-8", "surrogateescape").split("\0")
    return dict(zip(items[0:-1:2], items[1::2]))


def _encode(value):
    if not isinstance(value, bytes):
        value = str(value).encode("utf-8", "surrogateescape")
    return binascii.b2a_base64(value, newline=False).decode("ascii")


def _message(text):
    _write(sys.stdout, "##longshore[%s]\n" % text)


def _print(level, values):
    text = " ".join(str(value) for value in values)
    _write(sys.stdout, "##longshore[stdout-%s]\n%s\n##longshore[stdout-default]\n" % (level, text))


def _write(stream, text):
    stream.write(text)
    stream.flush()
