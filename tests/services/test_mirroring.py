"""A mirror believes nothing, follows the log and its keys, and keeps what shows that a log lied."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import copytree, rmtree

import pytest

from keys import rotation
from ledger.core.key_list import KeyList
from ledger.errors import LedgerError
from ledger.services.checkpointing import sign_checkpoint
from ledger.services.context import Ledger, open_ledger
from ledger.services.key_entries import publish_keys, rotate_key
from ledger.services.log_copy import open_log_copy
from ledger.services.log_sources import open_source
from ledger.services.mirroring import EVIDENCE, Mirror, Mirrored
from ledger.services.proving import entry_bytes
from ledger.services.publishing import publish
from ledger.storage.log_files import KEY_HISTORY, KEY_LIST, LogFolder
from tests.databases import copy_home, settings_for
from tests.ledgers import TestClock, make_command, make_ledger, post
from tests.services.deaths import die_at_each_step
from tests.services.log_server import log_server

TORTURE = os.environ.get("JINLAN_TORTURE") == "1"


@dataclass
class World:
    """A ledger, the folder that it publishes, and the folder of a mirror."""

    ledger: Ledger
    clock: TestClock
    public: Path
    copy: Path

    def grow(self, first: int, count: int = 1) -> int:
        """Record, sign and publish; give the size."""
        post(self.ledger, *(make_command(n) for n in range(first, first + count)))
        return self.publish()

    def publish(self) -> int:
        """Sign and publish; give the size."""
        size = sign_checkpoint(self.ledger).checkpoint.size
        publish(self.ledger, self.public)
        return size

    def mirror(
        self,
        source: Path | str | None = None,
        trust: KeyList | None = None,
        copy: Path | None = None,
    ) -> Mirrored:
        """Do a round."""
        folder = LogFolder(copy or self.copy)
        return Mirror(open_source(str(source or self.public)), folder, trust, self.clock).follow()

    def refused(self, source: Path | str | None = None, trust: KeyList | None = None) -> str:
        """Do a round that must be refused; give the code. What is held stays as it was."""
        held = self.copy / "checkpoint"
        before = held.read_bytes() if held.exists() else None
        with pytest.raises(LedgerError) as caught:
            self.mirror(source, trust)
        assert (held.read_bytes() if held.exists() else None) == before
        return caught.value.code

    @property
    def keys(self) -> KeyList:
        """The key list as the authority would give it."""
        return self.ledger.keyring.published()


@pytest.fixture
def world(tmp_path: Path) -> World:
    clock = TestClock()
    ledger = make_ledger(tmp_path, clock=clock)
    made = World(ledger, clock, tmp_path / "public", tmp_path / "copy")
    made.grow(0, 270)
    return made


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def test_a_mirror_holds_what_is_published_and_can_be_mirrored(world: World, tmp_path: Path) -> None:
    done = world.mirror(trust=world.keys)
    assert (done.old_size, done.checkpoint.size, done.first_use) == (0, 274, False)
    assert files(world.copy) == files(world.public)
    for place, count in ((300, 1), (301, 250), (600, 500)):
        world.grow(place, count)
        done = world.mirror(trust=world.keys)
        assert done.checkpoint.size - done.old_size == count
    again = world.mirror(world.copy, copy=tmp_path / "second")
    assert again.first_use
    held = files(world.copy)
    assert {name: held[name] for name in files(tmp_path / "second")} == files(tmp_path / "second")


def test_a_round_with_nothing_new_changes_nothing(world: World) -> None:
    world.mirror()
    before = {path: path.stat().st_mtime_ns for path in world.copy.rglob("*") if path.is_file()}
    done = world.mirror()
    assert (done.old_size, done.first_use) == (done.checkpoint.size, False)
    after = {path: path.stat().st_mtime_ns for path in world.copy.rglob("*") if path.is_file()}
    assert after == before


def test_only_what_is_new_is_fetched(world: World) -> None:
    world.mirror()
    world.grow(300, 3)
    with log_server(world.public) as server:
        world.mirror(server.url)
    assert server.asked == [
        "checkpoint",
        "tile/0/001.p/21",
        "tile/1/000.p/1",
        "tile/entries/001.p/21",
    ]


def test_the_entries_come_back_out_of_a_copy(world: World) -> None:
    world.mirror()
    log = open_log_copy(world.copy, world.ledger.origin, world.keys.log_verifier_keys()).log
    expected = [entry_bytes(world.ledger, index) for index in range(250, 270)]
    assert list(log.entries(250, 270)) == expected


def test_a_fork_is_refused_and_both_notes_are_kept(world: World, tmp_path: Path) -> None:
    """The same keys, another history: A is shown to one, B to another."""
    fork = World(world.ledger, world.clock, tmp_path / "fork", world.copy)
    home = copy_home(world.ledger.home, tmp_path / "home-b")
    world.grow(300, 5)
    world.mirror(trust=world.keys)
    for place, count, code in ((400, 5, "log-forked"), (500, 300, "log-forked")):
        fork.ledger = _opened(home, world.clock)
        size = fork.grow(place, count)
        assert size >= 279
        assert fork.refused(trust=world.keys) == code
        kept = {path.read_bytes() for path in (world.copy / EVIDENCE).iterdir()}
        assert {
            (folder / "checkpoint").read_bytes() for folder in (fork.public, world.copy)
        } <= kept
    assert fork.refused(trust=world.keys) == "log-forked"
    assert len(list((world.copy / EVIDENCE).iterdir())) == 3, "each note once"
    world.grow(900, 5)
    assert world.mirror(trust=world.keys).checkpoint.size == 284, "the log it knows goes on"


def _opened(home: Path, clock: TestClock) -> Ledger:
    return open_ledger(settings_for(home), clock=clock)


def test_a_smaller_fork_is_a_fork_and_an_old_copy_goes_back(world: World, tmp_path: Path) -> None:
    home = copy_home(world.ledger.home, tmp_path / "home-b")
    old = copytree(world.public, tmp_path / "old")
    world.grow(300, 20)
    world.mirror()
    assert world.refused(old) == "log-went-back"
    fork = World(_opened(home, world.clock), world.clock, tmp_path / "fork", world.copy)
    fork.grow(400, 3)
    assert fork.refused() == "log-forked"
    assert len(list((world.copy / EVIDENCE).iterdir())) == 3


def test_a_fork_is_told_as_one_though_its_tiles_are_withheld(world: World, tmp_path: Path) -> None:
    home = copy_home(world.ledger.home, tmp_path / "home-b")
    world.grow(300)
    world.mirror()
    fork = World(_opened(home, world.clock), world.clock, tmp_path / "fork", world.copy)
    fork.grow(400)
    rmtree(fork.public / "tile")
    assert fork.refused() == "log-forked"
    assert len(list((world.copy / EVIDENCE).iterdir())) == 2


def check_flips_refused(world: World, step: int) -> None:
    """Flip a bit in every ``step``-th byte of each file, and in its last; each is refused.

    But for the key list: of that the authority's own is named.
    """
    for name, data in files(world.public).items():
        if name == KEY_LIST:
            continue
        for at in {*range(0, len(data), step), len(data) - 1}:
            (world.public / name).write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            world.refused(trust=world.keys)
            rmtree(world.copy)
        (world.public / name).write_bytes(data)
    assert world.mirror(trust=world.keys).checkpoint.size


def test_a_flipped_byte_in_any_file_is_refused(world: World) -> None:
    check_flips_refused(world, 40_000)


def test_a_flipped_byte_in_any_file_of_a_small_log_is_refused(tmp_path: Path) -> None:
    """JINLAN_TORTURE=1 flips each byte."""
    small = World(
        make_ledger(tmp_path, clock=TestClock()),
        TestClock(),
        tmp_path / "public",
        tmp_path / "copy",
    )
    small.grow(0, 8)
    check_flips_refused(small, 1 if TORTURE else 97)


def test_a_missing_file_is_told_and_the_round_can_be_repeated(world: World) -> None:
    for name, data in files(world.public).items():
        if name == KEY_LIST:
            continue
        (world.public / name).unlink()
        assert world.refused(trust=world.keys) == "log-incomplete", name
        (world.public / name).write_bytes(data)
        rmtree(world.copy)  # or the next round would take it from there
    assert world.mirror(trust=world.keys).checkpoint.size == 274


def test_what_a_broken_round_left_is_not_believed_and_not_fetched_again(world: World) -> None:
    entries = world.public / "tile/entries/001.p/18"
    data = entries.read_bytes()
    entries.unlink()
    assert world.refused() == "log-incomplete"
    assert (world.copy / "tile/0/000").read_bytes() == (world.public / "tile/0/000").read_bytes()
    (world.copy / "tile/entries/000").write_bytes(b"spoilt on the way")
    entries.write_bytes(data)
    with log_server(world.public) as server:
        world.mirror(server.url)
    assert "tile/0/000" not in server.asked
    assert "tile/entries/000" in server.asked
    assert files(world.copy) == files(world.public)


def test_dying_at_any_step_leaves_a_whole_copy_that_the_next_round_completes(
    world: World,
) -> None:
    first = die_at_each_step("mirror", world.public, world.copy)
    world.grow(300, 260)
    second = die_at_each_step("mirror", world.public, world.copy)
    assert min(len(first), len(second)) > 12
    assert set(first) == {0, 274}
    assert set(second) == {274, 534}
    assert [first, second] == [sorted(first), sorted(second)]
    assert files(world.copy) == files(world.public)


def test_a_log_by_unknown_keys_is_refused(world: World, tmp_path: Path) -> None:
    other = make_ledger(tmp_path / "other", clock=world.clock, seed=2)
    assert world.refused(trust=other.keyring.published()) == "no-known-signature"
    world.mirror()
    assert world.refused(trust=other.keyring.published()) == "copy-differs"


def test_a_rotation_is_followed_through_the_log(world: World) -> None:
    pinned = world.keys
    world.mirror(trust=pinned)
    for turn in range(2):
        world.clock.pass_ms(10_000)
        rotate_key(world.ledger, "log", 5_000)
        world.grow(300 + turn)
        assert world.mirror(trust=pinned).trust == world.keys
        world.clock.pass_ms(10_000)
        world.grow(310 + turn)
        assert world.mirror(trust=pinned).checkpoint.size == world.publish()
    assert len([key for key in world.keys.keys if key.purpose == "log"]) == 3


def test_a_mirror_that_slept_through_a_rotation_needs_the_new_key_list(world: World) -> None:
    pinned = world.keys
    world.mirror(trust=pinned)
    world.clock.pass_ms(10_000)
    rotate_key(world.ledger, "log", 5_000)
    world.clock.pass_ms(10_000)
    world.grow(300)
    with pytest.raises(LedgerError, match="--trust"):
        world.mirror(trust=pinned)
    assert world.refused() == "no-known-signature"
    assert world.mirror(trust=world.keys).trust == world.keys


def test_a_key_that_others_hold_is_believed_no_more(world: World) -> None:
    """Its own log says so, signed by the key that came after it."""
    pinned = world.keys
    old = next(key for key in pinned.keys if key.purpose == "log")
    world.mirror(trust=pinned)
    world.clock.pass_ms(10_000)
    rotate_key(world.ledger, "log", 5_000_000)
    world.grow(300)
    world.mirror(trust=pinned)
    stolen = copytree(world.public, world.public.with_name("stolen"))
    now = world.clock()
    rotation.revoke(world.ledger.home, old.id, now, compromised_at_ms=now)
    world.ledger.renew_keys()
    publish_keys(world.ledger)
    world.grow(301)
    done = world.mirror(trust=pinned)
    assert next(key for key in done.trust.keys if key.id == old.id).compromised_at == now
    note = (stolen / "checkpoint").read_text(encoding="utf-8")
    by_old = [line for line in note.splitlines(keepends=True) if not line.startswith("—")]
    by_old += note.splitlines(keepends=True)[-1:]
    (stolen / "checkpoint").write_text("".join(by_old), encoding="utf-8")
    assert world.refused(stolen, trust=pinned) == "no-known-signature"


def test_a_key_history_that_hides_or_changes_an_entry_is_refused(world: World) -> None:
    path = world.public / KEY_HISTORY
    whole = path.read_bytes()
    path.write_bytes(b'{"entries":[],"v":1}')
    assert world.refused() == "key-entry-closed"
    path.write_bytes(whole.replace(b'\\"valid_until\\":null', b'\\"valid_until\\":true', 1))
    assert world.refused() == "key-entry-wrong"


def test_a_checkpoint_by_a_key_whose_time_was_over_is_refused(world: World) -> None:
    log = next(key for key in world.keys.keys if key.purpose == "log")
    ended = KeyList(
        world.keys.origin,
        tuple(
            replace(key, valid_until=log.valid_from + 1) if key == log else key
            for key in world.keys.keys
        ),
    )
    world.clock.pass_ms(10_000)
    world.grow(300)
    assert world.refused(trust=ended) == "key-period"
