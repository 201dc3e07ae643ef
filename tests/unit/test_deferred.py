import copy
import pickle

from kedro.pipeline import Pipeline, node

from vip.deferred import DeferredPipeline


def double(x):
    return 2 * x


def counted():
    made = []

    def make():
        made.append(True)
        return Pipeline(
            [node(double, "a", "b", name="once"), node(double, "b", "c", name="twice", tags="late")]
        )

    return make, made


def test_it_is_made_once_and_only_when_asked():
    make, made = counted()
    deferred = DeferredPipeline(make)
    assert isinstance(deferred, Pipeline)
    assert not made
    assert [step.name for step in deferred.nodes] == ["once", "twice"]
    assert deferred.inputs() == {"a"}
    assert made == [True]


def test_it_answers_as_the_pipeline_it_stands_for():
    make, _ = counted()
    plain, deferred = make(), DeferredPipeline(make)
    assert deferred.to_json() == plain.to_json()
    late = DeferredPipeline(make).only_nodes_with_tags("late")
    assert late.nodes == plain.only_nodes_with_tags("late").nodes
    assert (DeferredPipeline(make) + Pipeline([])).nodes == plain.nodes
    assert (Pipeline([]) + DeferredPipeline(make)).nodes == plain.nodes
    assert copy.copy(deferred).nodes == plain.nodes
    assert pickle.loads(pickle.dumps(deferred)).nodes == plain.nodes


def test_what_a_pipeline_does_not_have_it_has_not():
    make, _ = counted()
    assert not hasattr(DeferredPipeline(make), "no_such_thing")
