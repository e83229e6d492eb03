"""Turns moto's backends into bytes and back."""

import copyreg
import importlib
import io
import pickle
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

from moto.core.base_backend import AccountSpecificBackend, BackendDict, backend_lock
from moto.core.common_models import BaseModel

ATTEMPTS = 20
_OWN_ATTRIBUTES = {"backend", "service_name", "_use_boto3_regions", "_additional_regions", "_id"}

Place = tuple[str, str]
"""Module and variable that hold a service's backends."""
QUEUES: Place = ("moto.sqs.models", "sqs_backends")
"""Copied first. Whoever deletes a message has done something with it before: should the state change while it
is copied, the copy may have that and the message too, but never neither."""
Content = dict[Place, tuple[dict[str, dict[str, Any]], dict[str, Any]]]
"""Per place: backends by account and region, and what the collection itself remembers."""


def forget_instances() -> None:
    """Stops moto from keeping every object it ever made (for its dashboard): a server runs for days."""

    def new(cls: type[BaseModel], *_: Any, **__: Any) -> Any:
        return object.__new__(cls)

    BaseModel.__new__ = new  # type: ignore[method-assign]  # the one place where moto records instances


def places() -> Iterator[tuple[Place, BackendDict[Any]]]:
    """Every collection of backends that exists, with the variable that holds it."""
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith(("moto.", "local.aws.services.")) and module_name.endswith(".models"):
            for name, value in list(vars(module).items()):
                if isinstance(value, BackendDict) and _defined_in(value, module_name):
                    yield (module_name, name), value


def _defined_in(backends: BackendDict[Any], module_name: str) -> bool:
    """Other modules import the variable too; one place is enough for a collection without state elsewhere."""
    bases = {base.__module__ for base in backends.backend.__mro__}
    return module_name in bases


def dump() -> bytes:
    """All backends, pickled as one object, so that what they share is still shared after loading.

    Threads of jobs may change objects meanwhile; then it is tried again.
    """
    for attempt in range(ATTEMPTS):
        try:
            return _dump_once()
        except RuntimeError:  # a dictionary or set changed its size while it was copied
            if attempt == ATTEMPTS - 1:
                raise
            time.sleep(0.01 * (attempt + 1))
    raise AssertionError("unreachable")


def _dump_once() -> bytes:
    with backend_lock:
        collections = dict(places())
        content: Content = {
            place: (
                {account: dict(by_region) for account, by_region in dict.items(backends)},
                {k: v for k, v in vars(backends).items() if k not in _OWN_ATTRIBUTES},
            )
            for place, backends in sorted(collections.items(), key=lambda each: each[0] != QUEUES)
            if dict.__len__(backends)
        }
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, protocol=5)
    pickler.dispatch_table = _reducers(collections)
    pickler.dump(content)
    return buffer.getvalue()


def restore(data: bytes) -> None:
    """Puts the pickled backends in place of the present ones."""
    content: Content = pickle.loads(data)  # noqa: S301  # state.py lets only this user's files come here
    for (module_name, name), (accounts, remembered) in content.items():
        backends: BackendDict[Any] = getattr(importlib.import_module(module_name), name)
        vars(backends).update(remembered)
        for account, by_region in accounts.items():
            dict.update(backends[account], by_region)


def clear() -> None:
    """Drops all backends, without touching what they hold on disk (moto's own reset would)."""
    with backend_lock:
        for _, backends in places():
            for name, value in vars(backends).items():
                if name not in _OWN_ATTRIBUTES and isinstance(value, dict):
                    value.clear()
            backends.clear()
        BackendDict._instances.clear()  # type: ignore[misc]  # noqa: SLF001  # moto's list of what it made


def _reducers(collections: dict[Place, BackendDict[Any]]) -> dict[type, Callable[[Any], Any]]:
    """How to pickle what pickle refuses: locks are made anew, threads and processes become ``None``."""
    home = {id(backends): place for place, backends in collections.items()}

    def collection(backends: BackendDict[Any]) -> Any:
        return _collection, home[id(backends)]

    def account(backends: AccountSpecificBackend[Any]) -> Any:
        owner = next(
            place for place, all_ in collections.items() if all_.get(backends.account_id) is backends
        )
        return _account, (*owner, backends.account_id)

    reducers: dict[type, Callable[[Any], Any]] = {
        **copyreg.dispatch_table,
        AccountSpecificBackend: account,
        type(threading.Lock()): lambda _: (threading.Lock, ()),
        type(threading.RLock()): lambda _: (threading.RLock, ()),
        threading.Condition: lambda _: (threading.Condition, ()),
        threading.Event: lambda event: (_event, (event.is_set(),)),
        threading.Thread: lambda _: (_nothing, ()),
        threading.Timer: lambda _: (_nothing, ()),
        subprocess.Popen: lambda _: (_nothing, ()),
        WeakValueDictionary: lambda values: (WeakValueDictionary, (dict(values),)),
        defaultdict: _defaults,
        **dict.fromkeys(defaultdict.__subclasses__(), _defaults_with_attributes),
    }
    return reducers | {type(backends): collection for backends in collections.values()}


def _defaults(values: defaultdict[Any, Any]) -> Any:
    """A factory that is a lambda cannot be found again; what it makes tells what to use instead."""
    factory: Any = values.default_factory
    if "<lambda>" in getattr(factory, "__qualname__", ""):
        made = factory()
        nested = isinstance(made, defaultdict)
        factory = partial(defaultdict, made.default_factory) if nested else type(made)
    return defaultdict, (factory,), None, None, iter(list(values.items()))


def _defaults_with_attributes(values: defaultdict[Any, Any]) -> Any:
    """A subclass may want arguments when it is made, so it is made without its constructor."""
    state = (vars(values), {"default_factory": values.default_factory})
    return copyreg.__newobj__, (type(values),), state, None, iter(list(values.items()))  # type: ignore[attr-defined]


def _collection(module_name: str, name: str) -> Any:
    return getattr(importlib.import_module(module_name), name)


def _account(module_name: str, name: str, account: str) -> Any:
    return _collection(module_name, name)[account]


def _event(is_set: bool) -> threading.Event:
    event = threading.Event()
    if is_set:
        event.set()
    return event


def _nothing() -> None:
    return None
