"""sluice run: a graph file from start to end, signals, reload."""

import signal

import sluice

ENDLESS = """\
apps:
  gen: source
  mid: {rate: 10kpps}
  out: {pcap-writer: %s}
links: [gen -> mid -> out]
"""


class Run(sluice.Case):
    def copy_file(self, frames=100):
        self.capture("in.pcap", [sluice.frame()] * frames)
        return self.file("copy.yaml", "apps:\n  in: {pcap-reader: in.pcap}\n"
                         "  out: {pcap-writer: out.pcap}\nlinks: [in -> out]\n")

    def test_ends_when_all_is_done(self):
        done = self.succeeds("run", self.copy_file())
        self.assertIn("accounts  100 in = 100 out + 0 dropped + 0 held", done.stdout)
        self.assertEqual(done.stderr, "")
        self.assertEqual(len(sluice.read_pcap(self.dir / "out.pcap")), 100)

    def test_json_balances(self):
        report = self.report(self.succeeds("run", self.copy_file(), "--json").stdout)
        self.assertEqual(report["result"], "done")
        self.assertEqual((report["packets_in"], report["packets_out"]), (100, 100))
        self.assertEqual([a["name"] for a in report["apps"]], ["in", "out"])

    def test_mistakes_end_it_before_it_starts(self):
        path = self.file("bad.yaml", "apps: {a: {fliter: udp}}")
        self.assertEqual(self.fails(1, "bad.yaml:1:12:", "run", path).stdout, "")
        self.fails(1, "No such file", "run", self.dir / "none.yaml")

    def test_a_missing_capture_is_named(self):
        path = self.file("no.yaml", "apps:\n  in: {pcap-reader: none.pcap}\n  out: sink\n"
                         "links: [in -> out]\n")
        self.assertEqual(self.fails(1, "none.pcap", "run", path).stdout, "")

    def test_an_app_that_fails_is_told_and_the_others_go_on(self):
        self.capture("in.pcap", [sluice.frame()] * 100)
        path = self.file("full.yaml", "apps:\n  in: {pcap-reader: in.pcap}\n  t: tee\n"
                         "  full: {pcap-writer: /dev/full}\n  out: {pcap-writer: out.pcap}\n"
                         "links: [in -> t -> full, t -> out]\n")
        done = self.fails(1, "full: /dev/full: writing failed: No space left", "run", path,
                          "--json")
        report = self.report(done.stdout)
        self.assertEqual((report["result"], report["packets_dropped"]), ("failed", 100))
        self.assertEqual(len(sluice.read_pcap(self.dir / "out.pcap")), 100)

    def test_damage_in_a_stream_is_a_failure_behind_what_was_good(self):
        whole = self.capture("in.pcap", [sluice.frame()] * 100).read_bytes()
        (self.dir / "in.pcap").write_bytes(whole[:-10])
        path = self.file("cut.yaml", "apps:\n  in: {pcap-reader: {file: in.pcap, stream: yes}}\n"
                         "  out: {pcap-writer: out.pcap}\nlinks: [in -> out]\n")
        done = self.fails(1, "in.pcap", "run", path)
        self.assertIn("accounts  99 in = 99 out", done.stdout)

    def start_endless(self):
        """Start an endless graph and wait until packets have arrived."""
        path = self.file("endless.yaml", ENDLESS % "out.pcap")
        out = self.dir / "out.pcap"
        out.unlink(missing_ok=True)
        child = self.start("run", path, "--json")
        sluice.wait_until(lambda: child.poll() is not None or
                          (out.exists() and out.stat().st_size > 24))
        self.assertIsNone(child.poll())
        return child, path

    def end(self, child, sig):
        child.send_signal(sig)
        out, err = child.communicate(timeout=sluice.TIMEOUT)
        self.assertEqual(child.returncode, 0, err)
        return self.report(out), err

    def test_signals_end_it_with_the_report(self):
        for sig in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(sig=sig):
                report, _ = self.end(self.start_endless()[0], sig)
                self.assertGreater(report["packets_out"], 0)
                self.assertEqual(len(sluice.read_pcap(self.dir / "out.pcap")),
                                 report["packets_out"])

    def test_hangup_reloads_and_mistakes_change_nothing(self):
        child, path = self.start_endless()
        second = self.dir / "second.pcap"

        path.write_text("apps: {a: {fliter: udp}}")
        child.send_signal(signal.SIGHUP)
        self.assertIn("endless.yaml:1:12:", child.stderr.readline())
        while "what ran before goes on" not in child.stderr.readline():
            pass
        path.write_text(ENDLESS % "second.pcap")
        child.send_signal(signal.SIGHUP)
        sluice.wait_until(lambda: second.exists() and second.stat().st_size > 24)
        self.assertIn("reloaded", child.stderr.readline())
        report, _ = self.end(child, signal.SIGINT)
        frames = [len(sluice.read_pcap(self.dir / n)) for n in ("out.pcap", "second.pcap")]
        self.assertEqual(report["packets_out"], sum(frames))
        self.assertEqual(report["apps"][1]["name"], "mid")
        self.assertEqual(report["apps"][1]["in"], sum(frames))

    def test_stats_are_lines_where_there_is_no_terminal(self):
        path = self.file("endless.yaml", ENDLESS % "out.pcap")
        child = self.start("run", path, "--stats", "10ms")
        self.assertRegex(child.stderr.readline(), r"\Asluice: [\d,]+ packets .* dropped\n\Z")
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=sluice.TIMEOUT)
        self.assertIn("accounts", out)


sluice.main()
