"""The scenes of the world, and which of them are kept from the teacher."""

from itertools import combinations

from vip.shapes.scene import MOTIONS, all_scenes, is_held_out

KINDS = ("colour", "shape", "background", "motion")


def test_there_are_378_different_scenes():
    assert len(all_scenes()) == len(set(all_scenes())) == 6 * 3 * 3 * 7


def test_one_scene_in_seven_is_held_out():
    assert sum(map(is_held_out, all_scenes())) == 378 // len(MOTIONS)


def test_every_two_words_of_different_kinds_occur_together_in_training():
    def pairs(scenes):
        return {
            (one, getattr(s, one), two, getattr(s, two))
            for s in scenes
            for one, two in combinations(KINDS, 2)
        }

    assert pairs(scene for scene in all_scenes() if not is_held_out(scene)) == pairs(all_scenes())


def test_held_out_scenes_ask_for_every_motion():
    assert {scene.motion for scene in all_scenes() if is_held_out(scene)} == set(MOTIONS)
