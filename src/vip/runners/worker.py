"""What a process of a crew does: node after node, quietly, with its share of the machine."""

import logging
import os
import signal
import threading
import traceback
from multiprocessing import connection, parent_process
from multiprocessing.reduction import ForkingPickler
from typing import TYPE_CHECKING, Any

from vip.errors import causes_of
from vip.generation.device import make_room
from vip.heap import keep_freed_memory
from vip.hooks.progress import title
from vip.processes import end_on_sigterm

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from kedro.pipeline.node import Node


def work(pipe: "Connection", number: int, count: int) -> None:
    """Run each node that comes, over the catalog that comes with it; send what went wrong, if it did."""
    os.setsid()  # a terminal's ctrl-C is for the first process, which stops the others
    end_on_sigterm()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _take_share(number, count)
    import kedro.framework.project  # noqa: F401 - sets logging up, as conf/logging.yml says

    logging.getLogger("vip").setLevel(logging.WARNING)
    logging.getLogger("vip.bars").setLevel(logging.INFO)
    speaker = Speaker()
    for handler in logging.getLogger().handlers:
        handler.addFilter(speaker)
    while True:
        try:
            node, catalog = pipe.recv()
        except EOFError:
            return
        speaker.title = title(node.name)
        pipe.send(_errors_of(node, catalog))


class Speaker(logging.Filter):
    """Begins each message with what is worked on: several workers speak at once."""

    title = "worker"

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the message, and let it pass."""
        record.msg, record.args = f"{self.title}: {record.getMessage()}", ()
        return True


def _errors_of(node: "Node", catalog: Any) -> list[Exception]:
    """Run a node; its error and the causes of that one, none where all went well."""
    from kedro.framework.hooks.manager import _create_hook_manager
    from kedro.runner.task import Task

    make_room()
    try:
        Task(node, catalog, is_async=False, hook_manager=_create_hook_manager()).execute()
    except Exception as error:  # noqa: BLE001
        return [_sendable(cause) for cause in causes_of(error)]
    return []


def _sendable(error: BaseException) -> Exception:
    """The error, with where it came from; its text alone where it cannot be sent to another process."""
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__, chain=False))
    try:
        same = ForkingPickler.loads(ForkingPickler.dumps(error))
    except Exception:  # noqa: BLE001
        same = None
    if not isinstance(same, Exception):
        return RuntimeError(text)
    same.add_note(text)
    return same


def _take_share(number: int, count: int) -> None:
    """Its part of the processor's cores; a GPU of its own, where there are several."""
    import torch

    keep_freed_memory()
    torch.set_num_threads(max(torch.get_num_threads() // count, 1))
    gpus = own_gpus(torch.cuda.device_count(), os.environ.get("CUDA_VISIBLE_DEVICES"))
    if gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpus[number % len(gpus)]


def own_gpus(count: int, visible: str | None) -> list[str]:
    """The names of the GPUs that may be used."""
    return visible.split(",")[:count] if visible else [str(number) for number in range(count)]


def _end_with_parent() -> None:
    """However the first process ends, no worker goes on writing into a folder that another run may take."""
    parent = parent_process()
    assert parent is not None, "a worker has a parent"
    connection.wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGKILL)
