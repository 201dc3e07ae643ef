"""Arms and seeds become runs with parameters of their own, and a pipeline of a stage template for each."""

import pandas as pd
import pytest

from vip.config_loader import ProjectConfigLoader
from vip.errors import UserError
from vip.evaluation.arguments import argument_name
from vip.parameters import check_parameters, worth_making
from vip.pipelines.comparison import nodes
from vip.pipelines.comparison.arms import left_out, run_of, runs_of
from vip.pipelines.comparison.config import Arm, Comparison, Roster
from vip.pipelines.comparison.pipeline import create_pipeline
from vip.pipelines.comparison.roles import LACKS, lacks
from vip.pipelines.comparison.run_parameters import RUNS, opinions_of, run_parameters
from vip.types import PROPERTIES

OPINIONS = [
    {"reward": {"name": "clip", "options": {"model": "y"}}},
    {"reward": {"name": "inverse_rendering"}, "batch_size": 4, "name": "rendering"},
]
PARAMETERS = {
    "stages": 2,
    "stage_1": {"budget": {"blocks_per_stage": 4}},
    "stage_2": {"budget": {"blocks_per_stage": 3}},
    "video_generation": {"steps": 8, "seed": 0},
    "scoring": {"reward": {"name": "videoscore", "options": {"model": "x"}}},
    "redpo_training": {"method": "redpo", "beta": 5000, "seed": 0},
    "comparison": {
        "arms": {
            "full": {"stages": 0},
            "redpo": {},
            "sft": {"redpo_training": {"method": "sft"}},
            "offline": {"at_once": True},
            "other": {"scoring": {"reward": {"name": "clip", "options": {"model": "y"}}}},
            "on_request": {"by_default": False, "scoring": {"reward": {"name": "mixture"}}},
        },
        "seeds": [0, 7],
        "only": [],
        "second_opinions": OPINIONS,
    },
}


def changed(**comparison):
    return PARAMETERS | {"comparison": PARAMETERS["comparison"] | comparison}


def test_there_is_a_run_for_each_arm_and_seed_seed_by_seed():
    names = [run.name for run in runs_of(PARAMETERS)]
    assert names[:5] == ["full_seed_0", "redpo_seed_0", "sft_seed_0", "offline_seed_0", "other_seed_0"]
    assert names[5:] == [name.replace("_0", "_7") for name in names[:5]]


def test_a_subset_changes_nothing_of_the_runs_in_it():
    every = {run.name: run for run in runs_of(PARAMETERS)}
    part = runs_of(changed(only=["sft", "full"], seeds=[7]))
    assert [run.name for run in part] == ["sft_seed_7", "full_seed_7"]
    assert all(every[run.name] == run for run in part)


def test_an_arm_that_wants_to_be_named_runs_where_it_is():
    assert "on_request_seed_0" not in {run.name for run in runs_of(PARAMETERS)}
    assert [run.name for run in runs_of(changed(only=["on_request"], seeds=[3]))] == ["on_request_seed_3"]


ROLES = {"candidate": "redpo", "baseline": "offline", "control": "sft"}


@pytest.mark.parametrize("role", LACKS)
def test_who_leaves_out_an_arm_of_the_page_is_told_what_that_costs(role):
    only = [arm for arm in ROLES.values() if arm != ROLES[role]]
    (line,) = lacks(changed(**ROLES, only=only))
    assert line == (
        f"The comparison does not run {ROLES[role]}, its {role}: its page will {LACKS[role]}; add "
        f"{ROLES[role]} to comparison.only, or set comparison.{role} to one of {', '.join(only)}"
    )


def test_a_page_that_has_all_it_asks_for_lacks_nothing():
    """One judge sees no gain that another could miss, and needs no control."""
    assert lacks(changed(**ROLES)) == []
    assert lacks(changed(**ROLES, only=["redpo", "offline"], second_opinions=[])) == []


def test_a_candidate_that_has_to_be_named_is_missed_where_it_is_not():
    (line,) = lacks(changed(**ROLES | {"candidate": "on_request"}))
    assert "does not run on_request, its candidate" in line


def test_a_run_has_what_its_arm_and_seed_change_and_nothing_else():
    own = run_parameters(PARAMETERS, runs_of(PARAMETERS))
    assert own["sft_seed_7"] == {
        "video_generation": {"steps": 8, "seed": 7},
        "redpo_training": {"method": "sft", "beta": 5000, "seed": 7},
    }
    assert own["seed_7"] == {"video_generation": {"steps": 8, "seed": 7}}
    assert "full_seed_7" not in own


def test_options_of_another_reward_replace_those_of_the_first():
    reward = run_parameters(PARAMETERS, runs_of(PARAMETERS))["other_seed_0"]["scoring"]["reward"]
    assert reward == {"name": "clip", "options": {"model": "y"}}


def test_second_opinions_are_called_by_their_own_name_or_their_rewards():
    assert opinions_of(PARAMETERS) == ["clip", "rendering"]
    assert run_parameters(PARAMETERS, [])["second_opinions"] == {
        "clip": OPINIONS[0],
        "rendering": {"reward": {"name": "inverse_rendering"}, "batch_size": 4},
    }


@pytest.mark.parametrize(
    "nonsense",
    [
        None,
        3,
        "clip",
        ["clip"],
        [{}],
        [{"reward": 3}],
        {"clip": OPINIONS[0]},
        [OPINIONS[0] | {"name": "C L"}],
    ],
)
def test_what_is_no_second_opinion_is_none(nonsense):
    assert opinions_of(changed(second_opinions=nonsense)) == []


def test_each_arm_that_trains_trained_with_one_of_the_evaluators_or_with_none_of_them():
    arms = PARAMETERS["comparison"]["arms"] | {"pruned": {"trained": False}}
    only = ["full", "pruned", "sft", "other", "on_request"]
    trained_with = run_parameters(changed(arms=arms, only=only), [])["roster"]["trained_with"]
    assert trained_with == {
        "sft": "reward",
        "other": "clip",
        "on_request": "mixture, which judges nobody here",
    }


@pytest.mark.parametrize(
    ("budgets", "expected"),
    [
        (({"blocks_per_stage": 4}, {"blocks_per_stage": 3}), {"blocks_per_stage": 7}),
        (({"target_parameters": 9}, {"target_parameters": 5}), {"target_parameters": 5}),
        (({"blocks_per_stage": 4}, {"target_parameters": 5}), {"target_parameters": 5}),
    ],
)
def test_at_once_removes_in_one_stage_what_all_stages_remove(budgets, expected):
    stages = {f"stage_{number}": {"budget": budget} for number, budget in enumerate(budgets, start=1)}
    run = next(run for run in runs_of(PARAMETERS | stages) if run.arm == "offline")
    assert (run.stages, run.own["stage_1"]) == (1, {"budget": expected})


def test_an_arm_may_have_budgets_and_so_stages_of_its_own():
    arms = {"steps": {"blocks_per_stage": [4, 2, 1]}, "once": {"target_parameters": [9, 5], "at_once": True}}
    steps, once = runs_of(changed(arms=arms, seeds=[0]))
    assert (steps.stages, steps.own["stage_3"]) == (3, {"budget": {"blocks_per_stage": 1}})
    assert (once.stages, once.own["stage_1"]) == (1, {"budget": {"target_parameters": 5}})
    assert "stage_2" not in once.own


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"stages": 2, "blocks_per_stage": [3]}, "stages and blocks_per_stage each say how many stages"),
        ({"target_parameters": [3], "blocks_per_stage": [3]}, "each say how many stages there are"),
        ({"target_parameters": [9, 9]}, "every stage has to leave fewer than the one before"),
        ({"prompt_filtering": {"judge": {}}}, "prompt_filtering.judge is used once for all arms"),
    ],
)
def test_an_arm_that_contradicts_itself_or_changes_nothing_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Arm(**fields)


UNLIKE = {"stage_1": {"budget": {"target_parameters": 9}}}
"""A stage of parameters before one of units: what both remove together is not known."""


def test_an_arm_whose_budgets_do_not_add_up_is_left_out_and_the_reason_told():
    assert left_out(PARAMETERS) == {}
    gone = {run.arm for run in runs_of(PARAMETERS)} - {run.arm for run in runs_of(PARAMETERS | UNLIKE)}
    assert gone == set(left_out(PARAMETERS | UNLIKE)) == {"offline"}
    assert "2 stages remove, but their budgets cannot be added up" in left_out(PARAMETERS | UNLIKE)["offline"]
    assert run_parameters(PARAMETERS | UNLIKE, [])["roster"]["left_out"] == left_out(PARAMETERS | UNLIKE)
    assert left_out(changed(only=["sft"]) | UNLIKE) == {}


def test_naming_an_arm_that_cannot_be_run_is_refused():
    asked = changed(only=["offline"]) | UNLIKE
    with pytest.raises(UserError, match="comparison.only names offline: it removes at once"):
        check_parameters(asked, {"comparison": create_pipeline([])})


def test_namespaces_are_read_back():
    assert run_of("plain_sft_seed_12_stage_2.pruned") == ("plain_sft", 12)
    assert run_of("sft_seed_0") == ("sft", 0)
    for other in ("stage_1", None, "", "seedling_stage_1"):
        assert run_of(other) is None


def test_without_a_comparison_there_are_no_runs():
    assert runs_of({"stages": 2}) == runs_of({"comparison": 3}) == runs_of({"comparison": {"arms": []}}) == []


# --- the pipeline ---


@pytest.fixture(scope="module")
def comparison():
    pruned = PARAMETERS["comparison"]["arms"] | {"pruned": {"trained": False}}
    return create_pipeline(runs_of(changed(arms=pruned)), opinions_of(PARAMETERS))


def node_named(pipeline, name):
    return next(node for node in pipeline.nodes if node.name == name)


def test_each_stage_starts_from_what_its_own_arm_made_before(comparison):
    assert "redpo_seed_0_stage_1.student" in node_named(comparison, "redpo_seed_0_stage_2.units").inputs
    assert "pruned_seed_7_stage_1.pruned" in node_named(comparison, "pruned_seed_7_stage_2.units").inputs
    assert "teacher" in node_named(comparison, "sft_seed_0_stage_1.units").inputs
    assert not any(node.name.startswith("offline_seed_0_stage_2") for node in comparison.nodes)
    assert not any(node.name == "pruned_seed_0_stage_1.student" for node in comparison.nodes)


def test_what_an_arm_changes_is_its_own_and_the_rest_is_shared(comparison):
    own = f"params:{RUNS}.other_seed_7"
    assert f"{own}.scoring" in node_named(comparison, "other_seed_7_stage_1.full_score_items").inputs
    assert f"{own}.redpo_training" in node_named(comparison, "other_seed_7_stage_2.student").inputs
    assert "params:scoring" in node_named(comparison, "sft_seed_7_stage_1.full_score_items").inputs
    assert "params:stage_2.budget" in node_named(comparison, "sft_seed_7_stage_2.units").inputs
    assert (
        f"params:{RUNS}.offline_seed_0.stage_1.budget"
        in node_named(comparison, "offline_seed_0_stage_1.units").inputs
    )


def test_every_arm_is_evaluated_alike(comparison):
    for name in ("full_seed_7_stage_0", "other_seed_7_stage_2", "pruned_seed_7_stage_1"):
        clips = node_named(comparison, f"{name}.evaluation_clips").inputs
        assert clips[1:] == ["evaluation_prompts", f"params:{RUNS}.seed_7.video_generation"]
        assert "params:scoring" in node_named(comparison, f"{name}.reward_score_items").inputs
        for opinion in ("clip", "rendering"):
            asked = node_named(comparison, f"{name}.second_opinion_{opinion}_score_items").inputs
            assert asked == [f"{name}.evaluation_clips", f"params:{RUNS}.second_opinions.{opinion}"]


def test_the_table_reads_every_arm_seed_stage_and_evaluator(comparison):
    """2 seeds x (1 of full + 2 of redpo, sft, other, pruned each + 1 of offline) x 3 evaluators."""
    assert len(node_named(comparison, "comparison_scores").inputs) == 2 * 10 * 3
    assert len(node_named(comparison, "comparison_sizes").inputs) == 2 * 10


# --- parameters ---


def comparison_settings(**changes):
    arms = {"full": Arm(stages=0), "redpo": Arm(), "pruned": Arm(trained=False)}
    fields = {"arms": arms, "only": [], "seeds": [0], "candidate": "redpo", "second_opinions": OPINIONS}
    fields |= {"control": "redpo", "resamples": 100, "confidence": 0.95, "seed": 0}
    return Comparison(**fields | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"candidate": "redpoo"}, "'redpoo' is no arm of the comparison; arms are full, redpo, pruned"),
        ({"baseline": "pruend"}, "'pruend' is no arm"),
        ({"control": "stf"}, "'stf' is no arm"),
        ({"only": ["sft"]}, "'sft' is no arm"),
        ({"seeds": [1, 1]}, "write each of them once"),
        (
            {"second_opinions": [OPINIONS[0]] * 2},
            "2 evaluators are called 'clip'; give second opinions a name",
        ),
        ({"second_opinions": [OPINIONS[0] | {"name": "reward"}]}, "other than 'reward'"),
        ({"second_opinions": [OPINIONS[0] | {"name": "preference"}]}, "2 evaluators are called 'preference'"),
        (
            {"arms": dict.fromkeys(("redpo", "pruned"), Arm()) | dict.fromkeys("ab", Arm(stages=0))},
            "the arms a and b are both the teacher",
        ),
    ],
)
def test_what_cannot_be_is_refused(changes, message):
    with pytest.raises(UserError, match=message):
        comparison_settings(**changes).check()


@pytest.fixture(scope="module")
def root():
    from pathlib import Path

    return Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"arms": {"sft": {"redpo_training": {"method": "sftt"}}}}, "did you mean sft"),
        ({"arms": {"sft": {"redpo_training": {"betta": 1}}}}, "betta is unknown; did you mean beta"),
        ({"arms": {"sft": {"redpo_trainng": {}}}}, "comparison.arms.sft.redpo_trainng is unknown"),
        ({"arms": {"sft": {"redpo_training": {"seed": 7}}}}, "redpo_training.seed is the run's"),
        ({"arms": {"sft": {"stages": 0, "scoring": {"batch_size": 1}}}}, "scoring changes nothing of an arm"),
        ({"arms": {"pruned": {"redpo_training": {"beta": 1}}}}, "redpo_training changes nothing of an arm"),
        ({"second_opinions": [{"reward": {"name": "inverse_renderin"}}]}, "did you mean inverse_rendering"),
        ({"second_opinions": [{"reward": {"name": "CLIP"}}]}, "reward 'CLIP' is unknown"),
        (
            {"second_opinions": [{"reward": {"name": "clip"}, "name": "inverse-rendering"}]},
            "second_opinions.0.name is 'inverse-rendering'",
        ),
        ({"arms": {"redpo": {"stages": 2.0}}}, "comparison.arms.redpo.stages is 2.0"),
        ({"arms": {"redpo": {"stages": "2"}}}, "comparison.arms.redpo.stages is '2'"),
        ({"arms": {"pruned": {"trained": "false"}}}, "comparison.arms.pruned.trained is 'false'"),
        ({"arms": {"offline": {"at_once": "false"}}}, "comparison.arms.offline.at_once is 'false'"),
        ({"arms": {"finetuning": {"by_default": "no"}}}, "comparison.arms.finetuning.by_default is 'no'"),
        ({"seeds": [7, "08", 9]}, "comparison.seeds.1 is '08'"),
        ({"seeds": [1000.0]}, "comparison.seeds.0 is 1000.0"),
        ({"second_opinions": [{"reward": {"nme": "clip"}}]}, "second_opinions.0.reward.nme is unknown"),
        (
            {"second_opinions": [{"reward": {"name": "clip"}, "name": "C L"}]},
            "second_opinions.0.name is 'C L'",
        ),
        ({"second_opinions": ["clip"]}, "comparison.second_opinions.0 is 'clip'"),
    ],
)
def test_a_mistake_is_named_before_anything_runs(root, changes, message):
    from kedro.framework.project import pipelines, settings
    from kedro.framework.startup import bootstrap_project

    bootstrap_project(root)
    loader = ProjectConfigLoader(
        str(root / "conf"),
        runtime_params={"comparison": {"seeds": [0]} | changes},
        **settings.CONFIG_LOADER_ARGS,
    )
    with pytest.raises(UserError, match=message):
        check_parameters(loader["parameters"], worth_making(dict(pipelines), ["comparison"]))


def test_the_shipped_comparison_judges_by_its_own_opinions_and_leaves_arms_of_other_rewards_to_those_who_ask(
    root,
):
    from kedro.framework.project import settings
    from kedro.framework.startup import bootstrap_project

    bootstrap_project(root)
    for env, opinions in (("base", ["inverse_rendering", "shapes_classifier"]), ("wan", ["clip"])):
        parameters = ProjectConfigLoader(str(root / "conf"), env, **settings.CONFIG_LOADER_ARGS)["parameters"]
        assert opinions_of(parameters) == opinions
        trained_with = run_parameters(parameters, [])["roster"]["trained_with"]
        assert {arm for arm, evaluator in trained_with.items() if evaluator != "reward"} == set()


# --- nodes ---


def test_scores_of_all_runs_stand_in_one_table():
    row = dict.fromkeys((*PROPERTIES, "average"), 2.0)
    table = pd.DataFrame(
        [{"key": "k", "clip": "c", "prompt_id": "p", "prompt": "None", "seed": 3, "reward": "r"} | row]
    )
    gathered = nodes.gather_scores(
        **{argument_name("plain_sft", 7, 2, "inverse_rendering"): table, "full__7__0__reward": table}
    )
    assert gathered[["arm", "run_seed", "stage", "evaluator"]].to_numpy().tolist() == [
        ["plain_sft", 7, 2, "inverse_rendering"],
        ["full", 7, 0, "reward"],
    ]
    sizes = nodes.gather_sizes(full__7__0__size={"parameters": 3, "flops": 4})
    roster = Roster(trained_with={"sft": "inverse_rendering"}, left_out={})
    steps = nodes.gather_steps(roster, sft__7__1__curve=pd.DataFrame({"loss": [3, 2, 1]}))
    assert steps.to_dict("records") == [
        {"arm": "sft", "run_seed": 7, "stage": 1, "steps": 3, "trained_with": "inverse_rendering"}
    ]
    assert nodes.gather_steps(roster).empty
    assert sizes.to_dict("records") == [
        {"arm": "full", "run_seed": 7, "stage": 0, "parameters": 3, "flops": 4}
    ]
