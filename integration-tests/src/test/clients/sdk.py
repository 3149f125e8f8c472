"""Drives a server with PyPI's boxlite: prints a line for each thing that it did. SdkIT.

Usage: sdk.py URL KEY WORK-DIRECTORY.
"""

import asyncio
import os
import sys

from boxlite import (ApiKeyCredential, Boxlite, BoxliteRestOptions, BoxOptions, CodeBox, SimpleBox)

URL, KEY, WORK = sys.argv[1:]
IMAGE = "clients:1"


def connect(key):
    return Boxlite.rest(BoxliteRestOptions(url=URL, credential=ApiKeyCredential(key)))


async def report(name, attempt):
    try:
        result = await attempt()
    except Exception as e:  # pylint: disable=broad-except
        result = f"{type(e).__name__}"
    print(f"{name}: {result}", flush=True)


async def text(stream):
    return "".join([piece async for piece in stream])


async def run(box, *arguments, **options):
    execution = await box.exec(*arguments, **options)
    out, err = await asyncio.gather(text(execution.stdout()), text(execution.stderr()))
    ended = await execution.wait()
    return ended.exit_code, out, err


async def main():
    runtime = connect(KEY)
    box = await runtime.create(BoxOptions(image=IMAGE, env=[("OWN", "env")]), name="py")

    async def created():
        info = await box.info()
        return info.state.status, info.name, info.image, info.cpus

    async def listed():
        return [info.name for info in await runtime.list_info()]

    async def executed():
        return await run(box, "sh", ["-c", "echo $OWN $MORE; pwd; echo problem >&2; exit 3"],
                         [("MORE", "more")], cwd="/tmp")

    async def typed():
        execution = await box.exec("cat")
        stdin = execution.stdin()
        await stdin.send_input("zürich".encode())
        await stdin.close()
        return await text(execution.stdout()), (await execution.wait()).exit_code

    async def timed():
        return (await run(box, "sleep", ["60"], timeout_secs=1))[0]

    async def killed():
        execution = await box.exec("sleep", ["1000"])
        await execution.kill()
        return (await execution.wait()).exit_code

    async def terminal():
        script = "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.1; done"
        execution = await box.exec("sh", ["-c", script], tty=True)
        stdout = execution.stdout()
        await anext(aiter(stdout))
        await execution.resize_tty(40, 132)
        return (await text(stdout)).strip()

    async def copied():
        source = os.path.join(WORK, "py-one")
        with open(source, "w", encoding="utf-8") as file:
            file.write("x" * 3_000_000)
        await box.copy_in(source, "/root/one")
        await box.copy_out("/root/one", os.path.join(WORK, "py-back"))
        return (await run(box, "wc", ["-c", "/root/one"]))[1].split()[0], os.path.getsize(os.path.join(WORK, "py-back"))

    async def figures():
        metrics = await box.metrics()
        return metrics.commands_executed_total > 3, metrics.memory_bytes > 0

    async def snapshots():
        await run(box, "sh", ["-c", "echo kept > /root/kept"])
        made = await box.snapshot.create(name="one")
        await run(box, "sh", ["-c", "echo changed > /root/kept; sync"])
        await box.stop()
        await box.snapshot.restore("one")
        names = [snapshot.name for snapshot in await box.snapshot.list()]
        return made.name, names, (await run(box, "cat", ["/root/kept"]))[1]

    async def cloned():
        clone = await box.clone_box(name="py-copy")
        out = (await run(clone, "cat", ["/root/kept"]))[1]
        await runtime.remove(clone.id, force=True)
        return clone.name, out

    async def exported():
        file = await box.export(dest=WORK)
        imported = await runtime.import_box(file, name="py-imported")
        out = (await run(imported, "cat", ["/root/kept"]))[1]
        await runtime.remove(imported.id, force=True)
        return os.path.basename(str(file)), out

    async def simple():
        async with SimpleBox(image=IMAGE, runtime=runtime, name="py-simple") as one:
            result = await one.exec("echo", "hello")
        await runtime.remove("py-simple", force=True)
        return result.exit_code, result.stdout

    async def code():
        async with CodeBox(image=IMAGE, runtime=runtime, name="py-code") as one:
            result = await one.run("print(sum(range(10)))")
        await runtime.remove("py-code", force=True)
        return result

    async def removed():
        await runtime.remove(box.id, force=True)
        return await runtime.list_info()

    await report("created", created)
    await report("listed", listed)
    await report("absent", lambda: runtime.get("nobody"))
    await report("existing", lambda: runtime.create(BoxOptions(image=IMAGE), name="py"))
    await report("exec", executed)
    await report("stdin", typed)
    await report("timeout", timed)
    await report("kill", killed)
    await report("terminal", terminal)
    await report("missing program", lambda: run(box, "/no/such"))
    await report("copy", copied)
    await report("metrics", figures)
    await report("snapshot", snapshots)
    await report("clone", cloned)
    await report("export and import", exported)
    await report("SimpleBox", simple)
    await report("CodeBox", code)
    await report("bad image", lambda: runtime.create(BoxOptions(image="no such image!")))
    await report("wrong key", lambda: connect("wrong").list_info())
    await report("remove", removed)


asyncio.run(main())
sys.stdout.flush()
os._exit(0)  # threads of the package may abort the process when the interpreter ends
