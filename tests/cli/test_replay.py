"""sluice replay: captures through pipelines, what is reported, and how it ends."""

import os
import pty
import shutil
import signal
import subprocess
import unittest

import sluice

MIXED = sluice.TOP / "bench" / "captures" / "mixed.pcap"


class Replay(sluice.Case):
    def setUp(self):
        super().setUp()
        self.udp = [sluice.frame("udp", 53, 60 + i % 5) for i in range(300)]
        self.tcp = [sluice.frame("tcp", 80, 100) for _ in range(200)]
        mixed = [f for pair in zip(self.udp, self.tcp) for f in pair] + self.udp[200:]
        self.mixed = self.capture("mixed.pcap", mixed)
        self.frames = mixed

    def replay(self, *args, **more):
        """A replay that succeeds, and its report."""
        return self.report(self.succeeds("replay", self.mixed, "--json", *args, **more).stdout)

    def test_everything_arrives_in_a_file(self):
        out = self.dir / "out.pcap"
        report = self.replay("--to", out)
        self.assertEqual(sluice.read_pcap(out), self.frames)
        self.assertEqual(report["packets_out"], 500)
        self.assertEqual(report["bytes_out"], sum(map(len, self.frames)))
        self.assertEqual(report["bytes_in"], report["bytes_out"])
        self.assertEqual(report["result"], "done")
        self.assertIsNone(report["error"])
        self.assertGreater(report["mpps"], 0)
        self.assertNotIn("late_ns", report)

    def test_drops_have_an_app_and_a_reason(self):
        out = self.dir / "dns.pcap"
        report = self.replay("--through", "filter 'udp port 53'", "--to", out)
        self.assertEqual(sluice.read_pcap(out), self.udp)
        self.assertEqual(report["drops"],
                         [{"app": "filter", "reason": "no_match", "packets": 200}])

    def test_the_report_for_a_person(self):
        done = self.succeeds("replay", self.mixed, "--through", "filter udp")
        self.assertEqual(done.stderr, "")
        self.assertRegex(done.stdout, r"(?m)^in +500 packets +[\d,]+ bytes$")
        self.assertRegex(done.stdout, r"(?m)^out +300 packets +[\d,]+ bytes$")
        self.assertRegex(done.stdout, r"(?m)^dropped +200 packets$")
        self.assertRegex(done.stdout, r"(?m)^ +200   by filter: no_match$")
        self.assertRegex(done.stdout, r"(?m)^time +[\d.]+ [mun]?s from the first")
        self.assertRegex(done.stdout, r"(?m)^rate +[\d.]+ Mpps.*, [\d.]+ Gbit/s.* without FCS$")
        self.assertIn("accounts  500 in = 300 out + 200 dropped + 0 held", done.stdout)

    def test_several_files_and_loops(self):
        more = self.capture("more.pcap", self.tcp)
        report = self.replay(more, "--loop", "3")
        self.assertEqual(report["packets_out"], 3 * 700)
        self.assertEqual(report["files"], [str(self.mixed), str(more)])

    def test_a_tee_is_accounted_for(self):
        path = self.file("tee.yaml", "apps: {t: tee, s: sink}\n"
                         "links: [in -> t -> out, t -> s]\n")
        report = self.replay("--through", path)
        self.assertEqual((report["packets_in"], report["packets_copied"]), (500, 500))
        self.assertEqual((report["packets_out"], report["packets_absorbed"]), (500, 500))

    def test_a_file_that_runs_alone_can_be_replayed(self):
        path = self.file("alone.yaml", "apps:\n  in: source\n  f: {filter: tcp}\n  out: sink\n"
                         "links: [in -> f -> out]\n")
        out = self.dir / "out.pcap"
        self.replay("--through", path, "--to", out)
        self.assertEqual(sluice.read_pcap(out), self.tcp)

    def test_a_file_without_in_or_out_is_an_error(self):
        for links, text in (("s -> out", "no link starts at 'in'"),
                            ("in -> k", "no link leads to 'out'")):
            path = self.file("half.yaml", f"apps: {{s: source, k: sink}}\nlinks: [{links}]\n")
            self.fails(1, text, "replay", self.mixed, "--through", path)

    def test_a_mistake_in_a_file_has_its_place(self):
        path = self.file("bad.yaml", "apps: {f: {fliter: udp}}\nlinks: [in -> f -> out]\n")
        self.fails(1, "bad.yaml:1:12:", "replay", self.mixed, "--through", path)

    def test_stdout_carries_the_capture_and_stderr_the_report(self):
        done = subprocess.run([sluice.BINARY, "replay", self.mixed, "--to", "-"],
                              capture_output=True, timeout=sluice.TIMEOUT, check=True)
        self.assertEqual(sluice.parse_pcap(done.stdout), self.frames)
        self.assertIn(b"accounts  500 in = 500 out", done.stderr)

    def test_a_rate_is_kept_and_lateness_reported(self):
        report = self.replay("--rate", "10kpps")
        self.assertGreaterEqual(report["seconds"], 499 / 10e3)
        late = report["late_ns"]
        self.assertLessEqual(late["p50"], late["p99"])
        self.assertLessEqual(late["p99"], late["max"])

    def test_original_timing_lasts_as_long_as_the_capture(self):
        slow = self.capture("slow.pcap", self.udp[:50], gap_us=1000)
        done = self.succeeds("replay", slow, "--rate", "original", "--json")
        report = self.report(done.stdout)
        self.assertGreaterEqual(report["seconds"], 0.049)
        self.assertIn("late_ns", report)
        self.assertIn("late      p50",
                      self.succeeds("replay", slow, "--rate", "original").stdout)

    def test_sending_nothing_is_a_failure_that_says_why(self):
        text = "sent nothing: all 500 packets were dropped by filter: no_match"
        self.fails(1, text, "replay", self.mixed, "--through", "filter icmp")
        done = self.fails(1, text, "replay", self.mixed, "--through", "filter icmp", "--json")
        report = self.report(done.stdout)
        self.assertEqual((report["result"], report["error"]), ("failed", text))

    def test_a_capture_without_packets_is_a_failure(self):
        self.fails(1, "sent nothing: no packet was read", "replay",
                   self.capture("none.pcap", []))

    def test_files_that_are_no_captures_are_named(self):
        for name, text in (("text.pcap", "no capture at all, just text"), ("empty.pcap", "")):
            done = self.fails(1, name, "replay", self.file(name, text))
            self.assertEqual(done.stdout, "")
        self.fails(1, "none.pcap", "replay", self.dir / "none.pcap")

    def test_a_capture_cut_short_is_a_failure(self):
        data = self.mixed.read_bytes()
        self.mixed.write_bytes(data[:-10])
        self.fails(1, "mixed.pcap", "replay", self.mixed)

    @unittest.skipUnless(os.path.exists("/dev/full"), "there is no /dev/full")
    def test_a_full_disk_is_a_failure(self):
        done = self.fails(1, "No space left on device", "replay", self.mixed, "--loop", "100",
                          "--to", "/dev/full", "--json")
        self.assertEqual(self.report(done.stdout)["result"], "failed")

    def test_a_device_that_is_not_there_is_named(self):
        self.fails(1, "net_nosuch0", "replay", self.mixed, "--to", "net_nosuch0")

    def test_for_ends_an_endless_replay(self):
        report = self.replay("--loop", "forever", "--for", "50ms")
        self.assertEqual(report["result"], "done")
        self.assertGreater(report["packets_out"], 500)

    def interrupt(self, sig, *args):
        """Interrupt a replay once it runs; return it and its report."""
        out = self.dir / "out.pcap"
        out.unlink(missing_ok=True)
        child = self.start("replay", self.mixed, "--json", "--to", out, *args)
        sluice.wait_until(lambda: child.poll() is not None or
                          (out.exists() and out.stat().st_size > 24))
        child.send_signal(sig)
        text, err = child.communicate(timeout=sluice.TIMEOUT)
        self.assertEqual(err, "")
        report = self.report(text)
        self.assertEqual(report["result"], "interrupted")
        self.assertEqual(len(sluice.read_pcap(out)), report["packets_out"])
        self.assertEqual(report["packets_held"], 0)
        return child, report

    def test_ctrl_c_ends_a_replay_with_its_report(self):
        child, _ = self.interrupt(signal.SIGINT, "--loop", "1000000000", "--rate", "20kpps")
        self.assertEqual(child.returncode, 130)
        child, _ = self.interrupt(signal.SIGTERM, "--loop", "1000000000", "--rate", "20kpps")
        self.assertEqual(child.returncode, 143)

    def test_interrupting_an_endless_replay_is_its_end(self):
        child, _ = self.interrupt(signal.SIGINT, "--loop", "forever", "--rate", "20kpps")
        self.assertEqual(child.returncode, 0)

    def test_ctrl_c_ends_waiting_for_a_pipe(self):
        os.mkfifo(self.dir / "pipe")
        child = self.start("replay", self.dir / "pipe")
        pipe = []

        def is_opened():
            try:
                pipe.append(os.open(self.dir / "pipe", os.O_WRONLY | os.O_NONBLOCK))
            except OSError:  # nobody reads yet
                return False
            return True

        sluice.wait_until(is_opened)
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=sluice.TIMEOUT)
        os.close(pipe[0])
        self.assertEqual(child.returncode, -signal.SIGINT)

    def terminal(self, *args):
        """What a replay writes to a terminal on stderr."""
        reading, writing = pty.openpty()
        child = subprocess.Popen([sluice.BINARY, "replay", self.mixed, *args], stderr=writing,
                                 stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        os.close(writing)
        text = b""
        while True:
            try:
                piece = os.read(reading, 4096)
            except OSError:
                break
            if not piece:
                break
            text += piece
        os.close(reading)
        child.communicate(timeout=sluice.TIMEOUT)
        self.assertEqual(child.returncode, 0)
        return text.decode()

    def test_progress_is_shown_on_a_terminal_and_wiped(self):
        text = self.terminal("--rate", "500pps")
        self.assertRegex(text, r"\r( *\d+%  )?[\d,]+ packets  [\d.]+ Mpps  [\d.]+ Gbit/s  0 dropped")
        self.assertTrue(text.endswith("\r\x1b[K"))

    def test_quiet_shows_no_progress(self):
        self.assertEqual(self.terminal("--rate", "1kpps", "--quiet"), "")

    @unittest.skipUnless(MIXED.exists() and shutil.which("tcpdump"),
                         "needs bench/captures/mixed.pcap and tcpdump")
    def test_tcpdump_agrees(self):
        out = self.dir / "out.pcap"
        self.succeeds("replay", MIXED, "--through", "filter udp", "--to", out)
        ours = self.tcpdump(out)
        self.assertEqual(ours, self.tcpdump(MIXED, "udp"))
        self.assertTrue(ours)

    def tcpdump(self, path, *expression):
        return subprocess.run(["tcpdump", "-nttr", path, *expression], check=True, text=True,
                              capture_output=True, timeout=sluice.TIMEOUT).stdout


sluice.main()
