"""Tasks of an event loop: what one of them records is not what another does."""

import asyncio

import pytest

import agx as ag


def kinds():
    return [
        lambda: (ag.Tensor([1.0]) * 2.0).requires_grad,
        lambda: bool((ag.Scalar(1.0) * 2.0).inputs),
        lambda: ag.Tensor([2.0], op="double", inputs=[ag.Tensor([1.0])]).requires_grad,
        ag.is_recording,
    ]


@pytest.mark.parametrize("recorded", kinds())
def test_no_grad_of_one_task_is_no_others(recorded):
    async def quiet(entered, leave):
        with ag.no_grad():
            before = recorded()
            entered.set()
            await leave.wait()
            return before, recorded()

    async def other(entered, leave):
        await entered.wait()
        found = recorded()
        with ag.no_grad():
            await asyncio.sleep(0)
        leave.set()
        return found, recorded()

    async def both():
        entered, leave = asyncio.Event(), asyncio.Event()
        found = await asyncio.gather(quiet(entered, leave), other(entered, leave))
        return found, recorded()

    assert asyncio.run(both()) == ([(False, False), (True, True)], True)
    assert recorded()


def test_coroutine_function_can_be_decorated():
    @ag.no_grad
    async def quiet():
        await asyncio.sleep(0)
        return ag.is_recording()

    assert asyncio.run(quiet()) is False
    assert ag.is_recording()


def test_tasks_start_as_whoever_made_them():
    async def look():
        return ag.is_recording()

    async def main():
        with ag.no_grad():
            task = asyncio.create_task(look())
        return await task, await look()

    assert asyncio.run(main()) == (False, True)


def test_transform_inside_no_grad_of_a_task_records():
    async def slope():
        with ag.no_grad():
            await asyncio.sleep(0)
            return ag.grad(lambda x: x * x)(3.0)

    assert asyncio.run(slope()) == 6.0
