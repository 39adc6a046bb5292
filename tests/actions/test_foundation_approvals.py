def test_world(world):
    assert world.mia.has_perm("catalog.draft_rate_card")
