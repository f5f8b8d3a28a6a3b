"""Hard handlers run with the heap locked (PIN-20): on CPython, a watch over opcodes (host only).

A function whose code has no opcode that allocates on MicroPython runs as it is; any other runs
under a trace that raises MemoryError in front of the first such opcode.
"""

import dis
import sys

_ALLOCATE = {
    dis.opmap[name]
    for name in (
        "BUILD_LIST BUILD_TUPLE BUILD_MAP BUILD_SET BUILD_STRING BUILD_SLICE BINARY_SLICE "
        "BUILD_CONST_KEY_MAP FORMAT_VALUE FORMAT_SIMPLE FORMAT_WITH_SPEC MAKE_FUNCTION "
        "LIST_APPEND LIST_EXTEND CALL_FUNCTION_EX"
    ).split()
    if name in dis.opmap
}
_BINARY_OP = dis.opmap["BINARY_OP"]
_DIVISIONS = (11, 24)  # `/` and `/=`: a float, which is a heap object (NUM-03)
_HOST = __file__.rpartition("simulator")[0]

_places = {}  # code -> offsets of its opcodes that allocate


def _allocating(code):
    found = _places.get(code)
    if found is None:
        found = _places[code] = {
            step.offset
            for step in dis.get_instructions(code)
            if step.opcode in _ALLOCATE or (step.opcode == _BINARY_OP and step.arg in _DIVISIONS)
        }
    return found


def call(fn, arg):
    """Call fn(arg) as a hard handler. MemoryError where it would allocate on a board."""
    code = getattr(fn, "__code__", None) or getattr(
        getattr(fn, "__func__", None), "__code__", None
    )
    if code is None or not _allocating(code):
        fn(arg)
        return
    before = sys.gettrace()
    sys.settrace(_enter)
    try:
        fn(arg)
    finally:
        sys.settrace(before)


def _enter(frame, event, arg):
    if frame.f_code.co_filename.startswith(_HOST):
        return None
    frame.f_trace_opcodes = True
    frame.f_trace_lines = False
    return _opcode


def _opcode(frame, event, arg):
    if event == "opcode" and frame.f_lasti in _allocating(frame.f_code):
        raise MemoryError("memory allocation failed, heap is locked")
    return _opcode
