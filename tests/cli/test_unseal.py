"""sluice unseal, and replay of sealed captures."""

import hashlib
import os
import pathlib
import subprocess

import sluice

FRAMES = [sluice.frame(port=i + 1, size=60 + i % 50) for i in range(300)]


def chunks(data):
    """Where the chunks of a file sealed by pattern N are."""
    found, at = [], 105  # the bytes of its header
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at + 10:at + 12], "big") + 16
        found.append(slice(at, end))
        at = end
    return found


class Sealed(sluice.Case):
    def setUp(self):
        super().setUp()
        for name in ("reader", "writer", "other"):
            self.secret(f"{name}.key", self.succeeds("key", "new").stdout)
        for pattern in "NKX":
            self.secret(f"{pattern}.cap", self.succeeds("cap", "mint", self.dir / "reader.key",
                                                        "--pattern", pattern).stdout)
        self.writer = self.succeeds("key", "public", self.dir / "writer.key").stdout.strip()

    def secret(self, name, text):
        path = self.file(name, text)
        path.chmod(0o600)
        return path

    def psk(self, pattern):
        return self.secret("psk", self.succeeds("cap", "show", self.dir / f"{pattern}.cap",
                                                "--show-psk").stdout)

    def seal(self, name, frames, pattern="N", more=""):
        """Write frames into a sealed capture, or a folder of segments."""
        self.capture("plain.pcap", frames)
        key = "" if pattern == "N" else ", key: writer.key"
        graph = self.file("seal.yaml", f"""
apps:
  in: {{pcap-reader: plain.pcap}}
  out: {{pcap-writer: {{file: {name}, seal: {pattern}.cap{key}{more}}}}}
links: [in -> out]
""")
        self.succeeds("run", graph)
        return self.dir / name

    def keys(self, pattern="N"):
        return ["--key", self.dir / "reader.key", "--cap", self.dir / f"{pattern}.cap"]

    def unseal(self, status, *args):
        """Unseal into out.pcap; return what it says."""
        out = self.dir / "out.pcap"
        out.unlink(missing_ok=True)
        done = sluice.run("unseal", *args, "-o", out)
        self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
        return done.stderr

    def frames(self):
        return sluice.read_pcap(self.dir / "out.pcap")

    def changed(self, path, change):
        """A copy of a file whose bytes have been changed."""
        data = bytearray(path.read_bytes())
        copy = self.dir / "changed"
        copy.write_bytes(change(data))
        return copy


class Unseal(Sealed):
    def test_every_pattern_goes_round(self):
        for pattern, more in (("N", []), ("X", []), ("X", ["--writer", self.writer]),
                              ("K", ["-w", self.writer])):
            path = self.seal("a", FRAMES, pattern)
            said = self.unseal(0, path, *self.keys(pattern), *more)
            self.assertEqual(self.frames(), FRAMES)
            wanted = f"{path}: sealed by {self.writer}" if pattern == "X" and not more else ""
            self.assertEqual(said.removeprefix("sluice: ").strip(), wanted)

    def test_the_output_is_a_pipe_too(self):
        path = self.seal("a", FRAMES)
        for output in ([], ["-o", "-"]):
            done = subprocess.run([sluice.BINARY, "unseal", "-", *map(str, self.keys()), *output],
                                  input=path.read_bytes(), capture_output=True,
                                  timeout=sluice.TIMEOUT)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            self.assertEqual(sluice.parse_pcap(done.stdout), FRAMES)

    def test_no_packets_are_an_empty_capture(self):
        path = self.seal("a", [])
        self.unseal(0, path, *self.keys())
        self.assertEqual(self.frames(), [])

    def test_pcapng_is_kept(self):
        path = self.seal("a", FRAMES, more=", format: pcapng")
        self.unseal(0, path, *self.keys())
        data = (self.dir / "out.pcap").read_bytes()
        self.assertEqual(data[:4], b"\x0a\x0d\x0d\x0a")
        self.succeeds("replay", self.dir / "out.pcap")

    def test_the_output_is_of_its_owner_and_no_input(self):
        path = self.seal("a", FRAMES)
        before = path.read_bytes()
        os.umask(0)
        self.unseal(0, path, *self.keys())
        self.assertEqual(os.stat(self.dir / "out.pcap").st_mode & 0o777, 0o600)
        self.fails(1, "one of the files to unseal", "unseal", path, *self.keys(), "-o", path)
        self.assertEqual(path.read_bytes(), before)
        self.fails(1, "No such file", "unseal", path, *self.keys(), "-o", self.dir / "no" / "out")

    def test_other_keys_are_told_and_nothing_is_written(self):
        path = self.seal("a", FRAMES)
        psk = self.psk("N")
        self.unseal(0, path, "--key", self.dir / "reader.key", "--psk", psk)
        self.assertEqual(self.frames(), FRAMES)
        for keys in (["--key", self.dir / "other.key", "--psk", psk],
                     ["--key", self.dir / "reader.key", "--psk", self.dir / "other.key"],
                     self.keys("X")):
            self.assertIn("not sealed for this key and capability", self.unseal(3, path, *keys))
            self.assertFalse((self.dir / "out.pcap").exists())
        path = self.seal("x", FRAMES, "X")
        other = self.succeeds("key", "public", self.dir / "other.key").stdout.strip()
        self.assertIn("sealed by another writer",
                      self.unseal(3, path, *self.keys("X"), "--writer", other))
        path = self.seal("k", FRAMES, "K")
        self.assertIn("public key of who sealed it is needed",
                      self.unseal(1, path, *self.keys("K")))
        self.unseal(3, path, *self.keys("K"), "--writer", other)

    def test_the_files_of_the_writer_do_not_open_it(self):
        for pattern in "NKX":
            path = self.seal("a", FRAMES, pattern)
            psk = self.psk(pattern)
            more = [] if pattern == "N" else ["--writer", self.writer]
            self.unseal(3, path, "--key", self.dir / "writer.key", "--psk", psk, *more)
            self.unseal(3, path, "--key", psk, "--psk", psk, *more)

    def test_keys_that_others_may_read_are_refused(self):
        path = self.seal("a", FRAMES)
        for name in ("reader.key", "N.cap"):
            os.chmod(self.dir / name, 0o644)
            self.assertIn("others may read", self.unseal(1, path, *self.keys()))
            self.fails(1, "others may read", "replay", path, *self.keys())
            os.chmod(self.dir / name, 0o600)

    def test_damage_is_told_and_what_is_in_front_is_kept(self):
        path = self.seal("a", FRAMES * 10)
        size = path.stat().st_size

        def flip(data):
            data[size // 2] ^= 1
            return data

        said = self.unseal(4, self.changed(path, flip), *self.keys())
        self.assertRegex(said, r"damaged at chunk \d+, byte \d+")
        kept = self.frames()
        self.assertTrue(1000 < len(kept) < 2000)
        self.assertEqual(kept, (FRAMES * 10)[:len(kept)])
        said = self.unseal(5, self.changed(path, lambda d: d[:size // 2]), *self.keys())
        self.assertRegex(said, r"cut off: it ends within chunk \d+, at byte \d+")
        self.assertEqual(self.frames(), kept)
        self.assertIn("bytes behind its end",
                      self.unseal(4, self.changed(path, lambda d: d + b"x"), *self.keys()))
        self.assertEqual(self.frames(), FRAMES * 10)

    def test_chunks_that_moved_are_told(self):
        path = self.seal("a", FRAMES * 20)
        one, two = chunks(path.read_bytes())[:2]

        def swap(data):
            return data[:one.start] + data[two] + data[one] + data[two.stop:]

        def remove(data):
            del data[two]
            return data

        self.assertIn("chunk 1 where chunk 0 should be",
                      self.unseal(6, self.changed(path, swap), *self.keys()))
        self.assertFalse((self.dir / "out.pcap").exists())
        self.assertIn("chunk 2 where chunk 1 should be",
                      self.unseal(6, self.changed(path, remove), *self.keys()))
        self.assertEqual(self.frames(), (FRAMES * 20)[:len(self.frames())])

    def test_what_is_no_sealed_capture_is_told(self):
        path = self.seal("a", FRAMES)
        plain = self.capture("p.pcap", FRAMES)
        self.assertIn("not a sealed capture", self.unseal(1, plain, *self.keys()))
        self.assertIn("No such file", self.unseal(1, self.dir / "none", *self.keys()))
        self.assertIn("not a sealed capture", self.unseal(1, plain, path, *self.keys()))
        self.assertEqual(self.frames(), FRAMES)  # the others are read all the same

    def test_usage(self):
        self.fails(2, "too few arguments", "unseal")
        path = self.seal("a", FRAMES)
        self.fails(2, "needs --key, and one of --cap and --psk", "unseal", path)
        self.fails(2, "needs --key", "unseal", path, "--key", self.dir / "reader.key")
        self.fails(2, "needs --key", "unseal", path, *self.keys(), "--psk", "x")
        self.fails(3, "for another key", "unseal", path, "--key", self.dir / "other.key",
                   "--cap", self.dir / "N.cap")


class Segments(Sealed):
    def store(self):
        """A capture of several segments: its files in order, and its frames."""
        frames = [sluice.frame(port=i % 60000 + 1, size=1000) for i in range(1000)]
        self.capture("plain.pcap", frames)
        for rate in "10kpps", "2kpps", "500pps":  # a busy machine takes longer to begin a segment
            files = self.fill(f"store-{rate}", rate)
            if len(files) > 2:
                break
        self.assertGreater(len(files), 2)
        return files, frames

    def fill(self, name, rate):
        """Seal plain.pcap at that rate into a folder of segments. Returns these in order."""
        store = self.dir / name
        store.mkdir()
        graph = self.file("seal.yaml", f"""
apps:
  in: {{pcap-reader: {{file: plain.pcap, rate: {rate}}}}}
  out: {{pcap-writer: {{file: {name}, seal: N.cap, segment-time: 10ms}}}}
links: [in -> out]
""")
        self.succeeds("run", graph)
        return sorted(store.iterdir(), key=lambda path: path.read_bytes()[15:23])

    def test_segments_make_one_capture_in_any_order(self):
        files, frames = self.store()
        for path in files:
            self.assertEqual(hashlib.sha256(path.read_bytes()).hexdigest(), path.name)
        for order in (files, files[::-1], sorted(files)):
            self.assertEqual(self.unseal(0, *order, *self.keys()), "")
            self.assertEqual(self.frames(), frames)
        said = self.unseal(0, *files, files[1], *self.keys())
        self.assertIn("same segment as one before", said)
        self.assertEqual(self.frames(), frames)

    def test_a_missing_segment_is_told(self):
        files, frames = self.store()
        said = self.unseal(7, files[0], *files[2:], *self.keys())
        self.assertIn("is segment 0 of its capture, which goes on; segment 1 is missing", said)
        self.assertIn("is segment 2 of its capture; segment 1, which it follows, is missing", said)
        self.assertTrue(0 < len(self.frames()) < len(frames))
        self.assertIn("segment 0, which it follows, is missing",
                      self.unseal(7, *files[1:], *self.keys()))
        self.assertIn(f"segment {len(files) - 1} is missing",
                      self.unseal(7, *files[:-1], *self.keys()))

    def test_damage_in_a_segment_leaves_the_others(self):
        files, frames = self.store()
        data = bytearray(files[0].read_bytes())
        data[-1] ^= 1
        files[0].write_bytes(data)
        self.unseal(7, *files[1:], *self.keys())
        others = self.frames()
        self.assertTrue(0 < len(others) < len(frames))
        self.assertIn("damaged at chunk", self.unseal(4, *files, *self.keys()))
        self.assertEqual(self.frames()[-len(others):], others)

    def test_two_captures_in_one_store_follow_one_another(self):
        files, frames = self.store()
        other = self.seal("other", FRAMES)
        self.unseal(0, files[0], other, *files[1:], *self.keys())
        self.assertEqual(self.frames(), frames + FRAMES)

    def test_what_was_flushed_survives_a_crash(self):
        store = self.dir / "store"
        store.mkdir()
        child = self.start("run", self.file("endless.yaml", """
apps:
  in: source
  slow: {rate: 20kpps}
  out: {pcap-writer: {file: store, seal: N.cap}}
links: [in -> slow -> out]
"""))
        sluice.wait_until(lambda: any(p.stat().st_size > 100000 for p in store.iterdir()))
        child.kill()
        child.wait()
        written = max(store.iterdir(), key=lambda p: p.stat().st_size)
        self.assertTrue(written.name.startswith("unfinished-"))
        # the kernel may end a process within a write
        self.assertRegex(self.unseal(5, written, *self.keys()),
                         "not finished, or cut off: it ends (before|within) chunk")
        self.assertGreater(len(self.frames()), 1000)
        self.assertEqual({len(frame) for frame in self.frames()}, {60})

    def test_a_replay_has_the_order_of_the_capture(self):
        files, frames = self.store()
        out = self.dir / "replayed.pcap"
        done = self.succeeds("replay", *files[::-1], *self.keys(), "--to", out)
        self.assertEqual((sluice.read_pcap(out), done.stderr), (frames, ""))
        done = self.succeeds("replay", *files[:0:-1], *self.keys(), "--to", out)
        self.assertIn("segment 0, which it follows, is missing", done.stderr)
        self.assertEqual(sluice.read_pcap(out)[-1], frames[-1])


class Replay(Sealed):
    def test_a_sealed_capture_is_replayed(self):
        path = self.seal("a", FRAMES)
        out = self.dir / "replayed.pcap"
        done = self.succeeds("replay", path, *self.keys(), "--to", out, "--json")
        self.assertEqual(self.report(done.stdout)["packets_out"], len(FRAMES))
        self.assertEqual(sluice.read_pcap(out), FRAMES)
        done = self.succeeds("replay", path, path, "--loop", 3, *self.keys(), "--json")
        self.assertEqual(self.report(done.stdout)["packets_out"], 6 * len(FRAMES))
        path = self.seal("k", FRAMES, "K")
        self.succeeds("replay", path, *self.keys("K"), "--writer", self.writer)
        self.fails(1, "is needed", "replay", path, *self.keys("K"))

    def test_without_the_key_it_is_not(self):
        path = self.seal("a", FRAMES)
        self.fails(1, "is sealed", "replay", path)
        self.fails(1, "one is needed of", "replay", path, "--key", self.dir / "reader.key")
        self.fails(1, "not sealed for this key", "replay", path, *self.keys("X"))

    def test_nothing_in_the_clear_is_left_on_the_disk(self):
        marker = b"a secret that nobody may find"
        path = self.seal("a", [frame + marker for frame in FRAMES])
        (self.dir / "plain.pcap").unlink()
        self.succeeds("replay", path, *self.keys(), cwd=self.dir,
                      env={**os.environ, "TMPDIR": str(self.dir)})
        for file in pathlib.Path(self.dir).rglob("*"):
            self.assertNotIn(marker, file.read_bytes())


sluice.main()
