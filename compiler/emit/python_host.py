# ---- from here on the text is the same for every problem: names, shapes and types come from the descriptor in the shared object ----
import ctypes
import difflib
import operator
import os
import tempfile
import threading

import numpy


class _Status(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int), ("step", ctypes.c_int64), ("task", ctypes.c_int64), ("line", ctypes.c_int), ("name", ctypes.c_char_p), ("value", ctypes.c_double)]


class _Array(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("role", ctypes.c_int), ("dtype", ctypes.c_int), ("rank", ctypes.c_int), ("dim", ctypes.c_int64 * 12),
                ("bound", ctypes.c_int64), ("task", ctypes.c_int), ("doc", ctypes.c_char_p)]


_rows = ctypes.POINTER(ctypes.c_void_p)
_call = ctypes.CFUNCTYPE(ctypes.c_int, _rows, _rows, _rows, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, ctypes.POINTER(_Status))
_call_tasks = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int64, _rows, _rows, _rows, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_Status))


class _Problem(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("version", ctypes.c_char_p), ("real_bytes", ctypes.c_int), ("steps", ctypes.c_int64), ("learn_steps", ctypes.c_int64),
                ("ndata", ctypes.c_int), ("nmeta", ctypes.c_int), ("nparam", ctypes.c_int),
                ("data", ctypes.POINTER(_Array)), ("meta", ctypes.POINTER(_Array)), ("param", ctypes.POINTER(_Array)),
                ("work_bytes", ctypes.c_size_t), ("state_bytes", ctypes.c_size_t), ("nlogs", ctypes.c_int64),
                ("init", _call), ("adapt", _call), ("value", _call), ("hypergradient", _call), ("learn_init", _call), ("learn", _call),
                ("hypergradient_add", _call), ("hypergradient_tasks", _call_tasks),
                ("window", ctypes.c_int64), ("carried_bytes", ctypes.c_size_t), ("hypergradient_window", _call),
                ("store_slots", ctypes.c_int64), ("store_bytes", ctypes.c_size_t)]


_library = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), f"lib{_name}.so"))
_problem = _Problem.in_dll(_library, _name + "_problem")
_library.mfl_strerror.restype = ctypes.c_char_p
_real = numpy.dtype(numpy.float32 if _problem.real_bytes == 4 else numpy.float64)


class _Leaf:
    """One array of the problem: its dotted name, shape and type."""

    def __init__(self, array):
        self.name = array.name.decode()
        self.shape = tuple(array.dim[:array.rank])
        self.real = array.dtype == 0

    def empty(self):
        return numpy.zeros(self.shape, _real)

    def given(self, value):
        """value as the generated code wants it: contiguous, of the shape and type declared."""
        try:
            a = numpy.asarray(value)
        except (TypeError, ValueError) as why:
            raise ValueError(f"{_name}: {self.name} is no array: {why}") from None
        if numpy.ma.is_masked(value):
            raise ValueError(f"{_name}: {self.name} has masked elements")
        if a.shape != self.shape:
            raise ValueError(f"{_name}: {self.name} has shape {a.shape}; expected {self.shape}")
        if a.dtype.kind not in ("biuf" if self.real else "iu"):
            raise TypeError(f"{_name}: {self.name} has type {a.dtype}; expected {'real numbers' if self.real else 'integers'}")
        if not self.real and a.size and not -2**31 <= int(a.min()) <= int(a.max()) < 2**31:
            raise ValueError(f"{_name}: {self.name} holds integers beyond 32 bits")
        return numpy.array(a, _real if self.real else numpy.int32, order="C")


_data = [_Leaf(_problem.data[k]) for k in range(_problem.ndata)]
_meta = [_Leaf(_problem.meta[k]) for k in range(_problem.nmeta)]
_param = [_Leaf(_problem.param[k]) for k in range(_problem.nparam)]


def _flat(record, before=""):
    """{"l1": {"w": a}} and {"l1.w": a}: both as {"l1.w": a}."""
    flat = {}
    for key, value in record.items():
        new = _flat(value, before + key + ".") if isinstance(value, dict) else {before + key: value}
        twice = flat.keys() & new.keys()
        if twice:
            raise TypeError(f"{_name}: {sorted(twice)[0]} is given twice")
        flat.update(new)
    return flat


def _nested(leaves, arrays):
    record = {}
    for leaf, array in zip(leaves, arrays):
        *outer, last = leaf.name.split(".")
        inner = record
        for part in outer:
            inner = inner.setdefault(part, {})
        inner[last] = array
    return record


def _known(given, leaves):
    names = [leaf.name for leaf in leaves]
    for name in given:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            raise TypeError(f"{_name}: no array is called {name}" + (f"; did you mean {near[0]}?" if near else f"; there are {', '.join(names)}"))


def _all_of(given, leaves, what):
    missing = [leaf.name for leaf in leaves if leaf.name not in given]
    if missing:
        raise TypeError(f"{_name}: missing {what}: {', '.join(missing)}")
    return [leaf.given(given[leaf.name]) for leaf in leaves]


def _whole(what, number, limit=2**63):
    """number as the whole number that C takes."""
    try:
        n = operator.index(number)
    except TypeError:
        raise TypeError(f"{_name}: {what} has type {type(number).__name__}; expected a whole number") from None
    if not 0 <= n < limit:
        raise ValueError(f"{_name}: {what} is {n}; expected 0 to {limit - 1}")
    return n


def _pointers(arrays):
    return (ctypes.c_void_p * max(1, len(arrays)))(*[a.ctypes.data for a in arrays])


def _aligned(size):
    memory = numpy.zeros(size + 64, numpy.uint8)
    start = -memory.ctypes.data % 64
    return memory[start:start + size]


class _Store(ctypes.Structure):
    _fields_ = [("save", ctypes.c_void_p), ("load", ctypes.c_void_p), ("user", ctypes.c_void_p)]


class _FileStore(ctypes.Structure):
    _fields_ = [("file", ctypes.c_void_p), ("path", ctypes.c_char_p), ("slot_bytes", ctypes.c_size_t), ("key", ctypes.c_uint64)]


class _Stores:
    """The states that a schedule with +store keeps outside of a workspace: a temporary file for each thread."""

    def __init__(self, work, threads):
        self.folder, self.open = tempfile.TemporaryDirectory(), []
        for k in range(threads):
            file, store = _FileStore(), _Store()
            if _library.mfl_file_store_open(ctypes.byref(file), os.fsencode(os.path.join(self.folder.name, f"{k}")), ctypes.c_size_t(_problem.store_bytes), ctypes.byref(store)):
                raise OSError(f"{_name}: no store can be made in {self.folder.name}")
            _library.mfl_use_store(ctypes.c_void_p(work + k * _problem.work_bytes), ctypes.byref(store))
            self.open.append((file, store))

    def __del__(self):
        for file, _ in self.open:
            _library.mfl_file_store_close(ctypes.byref(file))


_own = threading.local()       # a workspace for each thread of the caller: calls may run at once


def _workspace(threads):
    size = max(64, _problem.work_bytes * threads)
    if not hasattr(_own, "work") or _own.work.size < size:
        _own.work = _aligned(size)
        _own.stores = _Stores(_own.work.ctypes.data, threads) if _problem.store_slots else None
    return _own.work.ctypes.data


def _explain(code, status):
    text = _library.mfl_strerror(code).decode()
    name = f"{status.name.decode()}: " if status.name else ""
    where = "".join(f" in {what} {at}" for what, at in (("task", status.task), ("inner step", status.step)) if at >= 0)
    raise ValueError(f"{_name}: {name}{text}{where} (value {status.value:g})")


def _run(function, data, meta, out, outer=None, logs=None, state=None, number=0):
    status = _Status()
    at = [a.ctypes.data if a is not None else None for a in (outer, logs, state)]
    code = function(_pointers(data), _pointers(meta), _pointers(out), *at, number, _workspace(1), ctypes.byref(status))
    if code:
        _explain(code, status)


def _initial(seed):
    meta = [leaf.empty() for leaf in _meta]
    _run(_problem.init, [], meta, [], number=seed)
    return meta


def _metas(given):
    """The meta variables: what is given, and the initial values (seed 0) of the others."""
    initial = _initial(0) if any(leaf.name not in given for leaf in _meta) else [None] * len(_meta)
    return [leaf.given(given[leaf.name]) if leaf.name in given else first for leaf, first in zip(_meta, initial)]


def _inputs(arrays):
    given = _flat(arrays)
    _known(given, _data + _meta)
    return _all_of(given, _data, "data"), _metas(given)


def init(seed=0):
    """The initial values of the meta variables, drawn from seed, as a dict (of dicts, for records)."""
    return _nested(_meta, _initial(_whole("seed", seed, 2**64)))


def adapt(**arrays):
    """The inner loop alone: the parameters after the last step, as a dict. Arguments: data and meta variables by name; metas left out have their initial values."""
    data, meta = _inputs(arrays)
    out = [leaf.empty() for leaf in _param]
    _run(_problem.adapt, data, meta, out)
    return _nested(_param, out)


def value(**arrays):
    """The outer value. Arguments as for adapt."""
    data, meta = _inputs(arrays)
    outer = numpy.zeros((), _real)
    _run(_problem.value, data, meta, [], outer=outer)
    return float(outer)


def logs(**arrays):
    """The values of the log lines, in their order, as one array. Arguments as for adapt."""
    data, meta = _inputs(arrays)
    out = numpy.zeros(_problem.nlogs, _real)
    if _problem.nlogs:
        _run(_problem.value, data, meta, [], logs=out)
    return out


def hypergradient(**arrays):
    """(value, gradient): the outer value and its gradient in every meta variable, as a dict shaped like init(). Arguments as for adapt."""
    data, meta = _inputs(arrays)
    outer, out = numpy.zeros((), _real), [leaf.empty() for leaf in _meta]
    _run(_problem.hypergradient, data, meta, out, outer=outer)
    return float(outer), _nested(_meta, out)


def hypergradient_tasks(tasks, threads=1, /, **arrays):
    """(value, gradient): the means over tasks, a list of dicts of data. Data that all tasks share and the meta variables follow by name. The same bits for
    any number of threads."""
    threads = _whole("threads", threads, 2**31)
    if threads < 1 or not tasks:
        raise ValueError(f"{_name}: at least one {'task' if threads >= 1 else 'thread'} is needed")
    shared, rows, held = _flat(arrays), [], []
    _known(shared, _data + _meta)
    for task in tasks:
        own = _flat(task)
        _known(own, _data)
        held.append(_all_of({**shared, **own}, _data, "data"))
        rows += [a.ctypes.data for a in held[-1]]
    meta = _metas(shared)
    outer, out, status = numpy.zeros((), _real), [leaf.empty() for leaf in _meta], _Status()
    table = (ctypes.c_void_p * max(1, len(rows)))(*rows)
    code = _problem.hypergradient_tasks(len(tasks), table, _pointers(meta), _pointers(out), outer.ctypes.data, _workspace(threads), threads, ctypes.byref(status))
    if code:
        _explain(code, status)
    return float(outer), _nested(_meta, out)


def window_init():
    """The state that windows of a truncated inner loop carry, for hypergradient_window()."""
    if not _problem.window:
        raise TypeError(f"{_name}: the problem has no `truncate` shorter than its inner loop")
    return _aligned(_problem.carried_bytes)


def hypergradient_window(step, carried, /, **arrays):
    """(value, gradient) of one window of `truncate` inner steps from step on, which begins at the state in carried, from window_init(), and moves it on. step: 0 (the initial
    values), then the window's length more each time. Arguments as for adapt."""
    if not isinstance(carried, numpy.ndarray) or carried.nbytes != _problem.carried_bytes or carried.ctypes.data % 64 or not _problem.window:
        raise TypeError(f"{_name}: carried is not what window_init() returned")
    data, meta = _inputs(arrays)
    outer, out = numpy.zeros((), _real), [leaf.empty() for leaf in _meta]
    _run(_problem.hypergradient_window, data, meta, out, outer=outer, state=carried, number=_whole("step", step))
    return float(outer), _nested(_meta, out)


def _must_learn():
    if not _problem.learn_steps:
        raise TypeError(f"{_name}: the problem has no learn line")


def learn_init(**meta):
    """The states of the learn lines' optimizers, for learn(). Arguments: meta variables by name."""
    _must_learn()
    given = _flat(meta)
    _known(given, _meta)
    state = _aligned(_problem.state_bytes)
    _run(_problem.learn_init, [], _metas(given), [], state=state)
    return state


def learn(step, grad, state, /, **meta):
    """The meta variables after one step of the learn lines along grad, as a dict. state, from learn_init(), moves in place; step counts from 0."""
    _must_learn()
    given, along = _flat(meta), _flat(grad)
    _known(given, _meta)
    _known(along, _meta)
    if not isinstance(state, numpy.ndarray) or state.nbytes != _problem.state_bytes or state.ctypes.data % 64:
        raise TypeError(f"{_name}: state is not what learn_init() returned")
    moved = _all_of(given, _meta, "meta variables")
    _run(_problem.learn, [], moved, _all_of(along, _meta, "gradients"), state=state, number=_whole("step", step))
    return _nested(_meta, moved)
