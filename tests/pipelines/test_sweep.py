"""Each value of a setting becomes an arm, the default's the comparison's own; what cannot be is refused."""

import pandas as pd
import pytest

from vip.errors import UserError
from vip.evaluation.swept import Swept
from vip.pipelines.comparison.arms import runs_of as runs_of_comparison
from vip.pipelines.comparison.pipeline import create_pipeline as create_comparison
from vip.pipelines.comparison.run_parameters import RUNS, opinions_of, run_parameters
from vip.pipelines.sweep import nodes
from vip.pipelines.sweep.arms import NOTHING, SWEPT, Plan, plan_of
from vip.pipelines.sweep.config import Sweep, Sweeps
from vip.pipelines.sweep.pipeline import create_pipeline

PARAMETERS = {
    "stages": 2,
    "stage_1": {"budget": {"blocks_per_stage": 4}},
    "stage_2": {"budget": {"blocks_per_stage": 3}},
    "video_generation": {"steps": 8, "seed": 0},
    "scoring": {"reward": {"name": "shapes_oracle", "options": {}}},
    "prompt_filtering": {"threshold": 0.5, "minimum_words": 5},
    "pair_curation": {"thresholds": {"x": {"quantile": 0.1}, "y": {"quantile": 0.1}}, "maximum_pairs": None},
    "redpo_training": {"method": "redpo", "beta": 5000, "shared_noise": False, "seed": 0},
    "comparison": {
        "arms": {
            "full": {"stages": 0},
            "redpo": {},
            "harder": {"redpo_training": {"beta": 9000}},
            "pruned": {"trained": False},
            "offline": {"at_once": True},
        },
        "only": ["full", "redpo"],
        "seeds": [0],
        "second_opinions": [{"reward": {"name": "inverse_rendering"}}],
    },
    "sweep": {
        "base": "redpo",
        "only": [],
        "seeds": [0, 7],
        "sweeps": {
            "beta": {"setting": "redpo_training.beta", "values": [500, 5000, 50000], "scale": "log"},
            "stages": {"setting": "blocks_per_stage", "values": [[7], [4, 3], [3, 2, 2]]},
            "tau": {
                "setting": [f"pair_curation.thresholds.{name}.quantile" for name in "xy"],
                "values": [0.5, 0.3],
            },
        },
    },
}


def changed(**sweep):
    return PARAMETERS | {"sweep": PARAMETERS["sweep"] | sweep}


def swept(**sweeps):
    return changed(sweeps=sweeps)


def own(parameters, name):
    return next(run for run in plan_of(parameters).runs if run.name == name).own


def test_there_is_an_arm_a_value_and_one_for_all_defaults():
    names = [run.name for run in plan_of(PARAMETERS).runs]
    seven = ["redpo", "beta_500", "beta_50000", "stages_7", "stages_3_2_2", "tau_0_3", "tau_0_5"]
    assert names == [f"{name}_seed_{seed}" for seed in (0, 7) for name in seven]


def test_an_arm_differs_from_the_base_in_its_setting_alone():
    run = own(PARAMETERS, "beta_500_seed_7")
    assert run["redpo_training"] == {"method": "redpo", "beta": 500, "shared_noise": False, "seed": 7}
    assert run["video_generation"] == {"steps": 8, "seed": 7}
    assert set(run) == {"redpo_training", "video_generation"}


def test_several_settings_get_the_same_value():
    thresholds = own(PARAMETERS, "tau_0_3_seed_0")["pair_curation"]["thresholds"]
    assert thresholds == {"x": {"quantile": 0.3}, "y": {"quantile": 0.3}}


def test_a_list_of_budgets_has_as_many_stages():
    run = next(run for run in plan_of(PARAMETERS).runs if run.name == "stages_3_2_2_seed_0")
    assert run.stages == 3
    assert [run.own[f"stage_{n}"]["budget"] for n in (1, 2, 3)] == [
        {"blocks_per_stage": count} for count in (3, 2, 2)
    ]
    assert next(run for run in plan_of(PARAMETERS).runs if run.name == "stages_7_seed_0").stages == 1


def test_the_default_is_found_marked_and_put_in_its_place():
    plan = plan_of(PARAMETERS).swept
    assert [(p["value"], p["arm"]) for p in plan["sweeps"]["tau"]["points"]] == [
        (0.1, "redpo"), (0.3, "tau_0_3"), (0.5, "tau_0_5"),
    ]  # fmt: skip
    assert plan["sweeps"]["stages"]["points"][1] == {"value": [4, 3], "arm": "redpo"}
    assert (plan["base"], plan["sweeps"]["beta"]["scale"]) == ("redpo", "log")


def test_the_default_is_that_of_the_base_arm():
    points = plan_of(changed(base="harder", only=["beta"])).swept["sweeps"]["beta"]["points"]
    assert [(point["value"], point["arm"]) for point in points] == [
        (500, "beta_500"), (5000, "beta_5000"), (9000, "harder"), (50000, "beta_50000"),
    ]  # fmt: skip


def test_a_default_that_is_nothing_stands_last_and_differing_ones_are_told():
    pairs = {"setting": "pair_curation.maximum_pairs", "values": [10, 20]}
    both = {"setting": ["prompt_filtering.threshold", "redpo_training.beta"], "values": [0.5]}
    plan = plan_of(swept(pairs=pairs, both=both)).swept["sweeps"]
    assert [point["value"] for point in plan["pairs"]["points"]] == [10, 20, None]
    assert plan["both"]["points"][-1] == {"value": "0.5, 5,000", "arm": "redpo"}


BETA = {"setting": "redpo_training.beta", "values": [500]}


@pytest.mark.parametrize(
    ("setting", "values"), [("target_parameters", [[90, 50], [50]]), ("blocks_per_stage", [[4], [4, 2]])]
)
def test_budgets_for_other_stages_are_left_out_and_refused_where_they_are_named(setting, values):
    sweeps = {"beta": BETA, "sizes": {"setting": setting, "values": values}}
    plan = plan_of(swept(**sweeps))
    assert list(plan.arms) == ["redpo", "beta_500"]
    assert list(plan.swept["sweeps"]) == ["beta"]
    reason = plan.swept["left_out"]["sizes"]
    assert "not for the stages of redpo, which have blocks_per_stage 4 / 3; give it values" in reason
    for asked in (changed(sweeps=sweeps, only=["beta", "sizes"]), swept(sizes=sweeps["sizes"])):
        assert plan_of(asked).refused == f"sweep.sweeps.sizes cannot be run: {reason}"
        assert plan_of(asked).arms == {}


@pytest.mark.parametrize(
    ("base", "default"),
    [
        ({"stages": 1}, [4]),
        ({"stages": 1, "at_once": True}, [4]),
        ({"at_once": True}, [7]),
        ({"blocks_per_stage": [2, 2, 1]}, [2, 2, 1]),
    ],
)
def test_the_default_is_what_the_base_removes_in_its_own_stages(base, default):
    values = [[9], default, [1, 1]]
    arms = PARAMETERS["comparison"]["arms"] | {"redpo": base}
    parameters = swept(blocks={"setting": "blocks_per_stage", "values": values})
    parameters |= {"comparison": PARAMETERS["comparison"] | {"arms": arms}}
    points = plan_of(parameters).swept["sweeps"]["blocks"]["points"]
    assert [(point["value"], point["arm"]) for point in points] == [
        ([9], "blocks_9"), (default, "redpo"), ([1, 1], "blocks_1_1"),
    ]  # fmt: skip
    run = next(run for run in plan_of(parameters).runs if run.arm == "blocks_1_1")
    assert (run.stages, run.own["stage_2"]) == (2, {"budget": {"blocks_per_stage": 1}})


def test_it_is_known_which_evaluator_each_value_trained_with():
    rewards = {"setting": "scoring.reward.name", "values": ["inverse_rendering", "motion"]}
    assert plan_of(swept(rewards=rewards)).swept["trained_with"] == {
        "redpo": "reward",
        "rewards_inverse_rendering": "inverse_rendering",
        "rewards_motion": "motion, which judges nobody here",
    }


def test_the_bases_runs_are_those_of_the_comparison():
    ours = {run.name: run for run in plan_of(PARAMETERS).runs}
    theirs = {run.name: run for run in runs_of_comparison(PARAMETERS)}
    assert ours["redpo_seed_0"] == theirs["redpo_seed_0"]
    sweep = {node.name: node for node in create_pipeline(list(ours.values())).nodes}
    comparison = {node.name: node for node in create_comparison(list(theirs.values())).nodes}
    shared = [name for name in sweep if name.startswith("redpo_seed_0") and ".development." not in name]
    assert len(shared) > 30
    assert all(sweep[name] == comparison[name] for name in shared)


def test_only_some_sweeps_and_seeds():
    names = [run.name for run in plan_of(changed(only=["beta"], seeds=[7])).runs]
    assert names == ["redpo_seed_7", "beta_500_seed_7", "beta_50000_seed_7"]


def test_where_there_is_no_sweep_there_are_no_runs():
    for parameters in ({"stages": 2}, PARAMETERS | {"sweep": 3}, PARAMETERS | {"comparison": {"arms": []}}):
        assert not plan_of(parameters).runs
        assert plan_of(parameters) == Plan({}, NOTHING)


UNLIKE = {"stage_1": {"budget": {"target_parameters": 9}}}
"""A stage of parameters before one of units: what both remove together is not known."""


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            changed(base="redpoo"),
            "sweep.base is 'redpoo', no arm of the comparison; its arms are full, redpo",
        ),
        (changed(base="full"), "'full', an arm that trains nothing"),
        (changed(base="pruned"), "'pruned', an arm that trains nothing"),
        (changed(base="offline") | UNLIKE, "'offline', an arm at once of budgets that cannot be added up"),
        (swept(), "sweep.sweeps has none that can be run"),
        (swept(a={"setting": "prompt_filtering.minimum_words", "values": [3]}), "used once for all arms"),
        (swept(a={"setting": "blocks_per_stage", "values": [[4, 3], []]}), "blocks_per_stage"),
        (swept(a={"setting": "blocks_per_stage", "values": [[4, 3], 2]}), "a makes no arm with 2: blocks"),
        (
            swept(a={"setting": "redpo_training.beta", "values": [-1, 1]}),
            "a: the value 1 would be the arm a_1",
        ),
        (
            swept(a={"setting": "redpo_training.feature_weight", "values": [0.1]}),
            "a: parameters do not say what redpo_training.feature_weight is otherwise",
        ),
        (
            swept(q={"setting": "redpo_training.method", "values": ["???"]}),
            "q: the value ??? has no letter or digit to call its arm by",
        ),
        (
            PARAMETERS
            | {"comparison": {"arms": {"redpo": {}, "a_1": {}}}}
            | {
                "sweep": PARAMETERS["sweep"]
                | {"sweeps": {"a": {"setting": "redpo_training.beta", "values": [1]}}}
            },
            "would be the arm a_1, which there is already",
        ),
    ],
)
def test_what_would_measure_something_else_is_refused_where_sweeps_are_asked_for(parameters, message):
    assert message in plan_of(parameters).refused
    assert not plan_of(parameters).runs


@pytest.mark.parametrize(
    ("setting", "values", "message"),
    [
        (
            "stages",
            [1, 2],
            "stages cannot be swept, but .* blocks_per_stage and target_parameters",
        ),
        ("trained", [False], "trained cannot be swept"),
        ("by_default", [False, True], "by_default cannot be swept"),
        ("redpo_trainng.beta", [1], "redpo_trainng.beta cannot be swept"),
        ("redpo_training", [{"beta": 1}], "redpo_training cannot be swept"),
        ("stage_1.budget.blocks_per_stage", [1], "cannot be swept"),
        ([], [1], "setting names nothing"),
        (["redpo_training.beta", "at_once"], [1], "at_once cannot be swept"),
        ("redpo_training.seed", [1], "redpo_training.seed is the run's; sweep.seeds has all seeds"),
        ("redpo_training.beta", [500, 500.0, 5], "values are 500, 500 more than once"),
        ("target_parameters", [[9, 5], [9, 5]], "values are 9 / 5, 9 / 5 more than once"),
    ],
)
def test_what_is_no_setting_or_stands_twice_is_refused(setting, values, message):
    with pytest.raises(ValueError, match=message):
        Sweep(setting, values)


@pytest.mark.parametrize(
    ("changes", "message"), [({"only": ["b"]}, "'b' is no sweep; sweeps are a"), ({"seeds": [1, 1]}, "once")]
)
def test_names_of_no_sweep_are_refused(changes, message):
    fields = {"base": "redpo", "sweeps": {"a": Sweep("redpo_training.beta", [1])}, "only": [], "seeds": [0]}
    with pytest.raises(UserError, match=message):
        Sweeps(**fields | changes).check()


# --- the pipeline ---


@pytest.fixture(scope="module")
def sweep():
    return {
        node.name: node for node in create_pipeline(plan_of(PARAMETERS).runs, opinions_of(PARAMETERS)).nodes
    }


def test_each_value_is_evaluated_once_at_its_last_stage(sweep):
    evaluated = {name.partition(".")[0] for name in sweep if name.endswith(".evaluation_clips")}
    assert len(evaluated) == 14
    assert {"redpo_seed_0_stage_2", "stages_7_seed_0_stage_1", "stages_3_2_2_seed_7_stage_3"} <= evaluated
    assert len(sweep["sweep_scores"].inputs) == 14 * 2
    assert len(sweep["sweep_sizes"].inputs) == 14
    assert len(sweep["sweep_pairs"].inputs) == 2 * (5 * 2 + 1 + 3)


def test_settings_are_chosen_by_prompts_that_no_result_is_told_of(sweep):
    assert "development_prompts" in sweep["redpo_seed_0_stage_2.development.evaluation_clips"].inputs
    assert not [name for name, node in sweep.items() if "evaluation_prompts" in node.inputs]


def test_a_stage_reads_its_own_setting_and_shares_the_rest(sweep):
    curation = sweep["tau_0_3_seed_0_stage_2.pairs"].inputs
    assert f"params:{RUNS}.tau_0_3_seed_0.pair_curation" in curation
    assert "params:pair_curation" in sweep["beta_500_seed_0_stage_2.pairs"].inputs
    budget = f"params:{RUNS}.stages_3_2_2_seed_0.stage_3.budget"
    assert budget in sweep["stages_3_2_2_seed_0_stage_3.units"].inputs


def test_everything_that_the_nodes_read_of_runs_is_there(sweep):
    made = run_parameters(PARAMETERS, plan_of(PARAMETERS).runs) | {SWEPT: plan_of(PARAMETERS).swept}
    prefix = f"params:{RUNS}."
    read = {name for node in sweep.values() for name in node.inputs if name.startswith(prefix)}
    for name in read:
        value = made
        for key in name.removeprefix(prefix).split("."):
            value = value[key]
    assert Swept(**made[SWEPT]).sweeps["beta"].points[0].value == 500
    assert f"{prefix}{SWEPT}" in read


def test_pairs_are_counted_by_run_and_stage():
    table = pd.DataFrame({"pair_id": ["a", "b"]})
    counted = nodes.gather_pairs(redpo__0__1__pairs=table, beta_500__7__2__pairs=table.head(1))
    assert counted.to_numpy().tolist() == [["redpo", 0, 1, 2], ["beta_500", 7, 2, 1]]
    assert list(counted.columns) == ["arm", "run_seed", "stage", "pairs"]
