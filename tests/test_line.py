from crossmodal.line import Line


def test_a_line_moves_up_when_somebody_leaves() -> None:
    line = Line()
    first, second, third = line.join(), line.join(), line.join()
    assert [t.place for t in (first, second, third)] == [0, 1, 2]
    second.leave()
    assert third.place == 1
    first.leave()
    first.leave()
    assert third.place == 0
