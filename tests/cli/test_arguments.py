"""The command line itself: help everywhere, and what is said about wrong ones."""

import os
import pathlib
import subprocess

import sluice

COMMANDS = ["run", "check", "graph", "replay", "apps", "wg"]

# Arguments, and what stands on stderr. All end with status 2.
WRONG = [
    ([], "no command"),
    (["rnu"], "unknown command 'rnu'; did you mean 'run'?"),
    (["xyzzy"], "unknown command 'xyzzy'; 'sluice --help' lists"),
    (["--versoin"], "unknown option '--versoin'; did you mean '--version'?"),
    (["help", "rpelay"], "did you mean 'replay'?"),
    (["run"], "run: too few arguments"),
    (["run", "a", "b"], "run: unexpected argument 'b'"),
    (["run", "a", "--jsn"], "unknown option '--jsn'; did you mean '--json'?"),
    (["run", "a", "--stats"], "--stats needs a value: SECS"),
    (["run", "a", "--stats", "soon"], "--stats: 'soon' is not a duration"),
    (["run", "a", "--user", "nobdy"], "run: --user: there is no user 'nobdy'"),
    (["run", "a", "--json=yes"], "--json takes no value"),
    (["check"], "check: too few arguments"),
    (["check", "-x", "a"], "unknown option '-x'"),
    (["graph"], "graph: too few arguments"),
    (["graph", "a", "--svg", "--dot"], "--svg, --yaml and --dot exclude each other"),
    (["graph", "a", "-o"], "--output needs a value: FILE"),
    (["replay"], "replay: too few arguments"),
    (["replay", "--to", "null"], "replay: too few arguments"),
    (["replay", "a.pcap", "--thruogh", "x"], "did you mean '--through'?"),
    (["replay", "a.pcap", "--rate", "max", "--rate", "max"], "--rate is given twice"),
    (["replay", "a.pcap", "--for", "0"], "--for: '0s' is no time at all"),
    (["replay", "a.pcap", "--to", "nowhere0"], "--to: 'nowhere0' is no network interface"),
    (["replay", "a.pcap", "--rate", "5Mpsp"], "--rate: '5Mpsp' is none of max"),
    (["replay", "a.pcap", "--loop", "-1"], "--loop: '-1' is neither"),
    (["replay", "a.pcap", "--loop", "ever"], "--loop: 'ever' is neither"),
    (["replay", "a.pcap", "--through", "fliter udp"], "'filter'"),
    (["replay", "a.pcap", "--through", "filter 'udp"], "pipeline:1:8:"),
    (["replay", "a.pcap", "--through", "filter udp ->"], "pipeline:1:12:"),
    (["apps", "a", "b"], "apps: unexpected argument 'b'"),
    (["wg", "a", "b"], "wg: unexpected argument 'b'"),
    (["wg", "--cofnig", "a"], "did you mean '--config'?"),
]


class Arguments(sluice.Case):
    def test_wrong_ones_are_named_and_end_with_2(self):
        for args, text in WRONG:
            with self.subTest(args=args):
                done = self.fails(2, text, *args, cwd=self.dir)
                self.assertEqual(done.stdout, "")
                self.assertNotIn("EAL", done.stderr)

    def test_help_stands_everywhere(self):
        self.assertIn("Commands:", self.succeeds("--help").stdout)
        self.assertEqual(self.succeeds("help").stdout, self.succeeds("-h").stdout)
        for name in COMMANDS:
            text = self.succeeds(name, "--help").stdout
            self.assertTrue(text.startswith(f"Usage: sluice {name} "))
            self.assertIn("Options:", text)
            self.assertIn("Example:", text)
            self.assertEqual(self.succeeds("help", name).stdout, text)

    def test_help_is_no_wider_than_a_terminal(self):
        for args in [[], *([name] for name in COMMANDS)]:
            for line in self.succeeds(*args, "--help").stdout.splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_version_is_a_number(self):
        self.assertRegex(self.succeeds("--version").stdout, r"\Asluice \d+\.\d+\.\d+\n\Z")

    def test_a_link_to_it_is_a_command_in_one_word(self):
        link = pathlib.Path(self.dir) / "sluice-check"
        link.symlink_to(sluice.BINARY)
        done = subprocess.run([link], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("check: too few arguments", done.stderr)
        done = subprocess.run([link, "--help"], capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout, self.succeeds("check", "--help").stdout)
        done = subprocess.run([link, "--version"], capture_output=True, text=True, check=True)
        self.assertEqual(done.stdout, self.succeeds("--version").stdout)

    def test_output_that_cannot_be_written_is_a_failure(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([sluice.BINARY, "--help"], stdout=full, text=True,
                                  stderr=subprocess.PIPE, timeout=sluice.TIMEOUT)
        self.assertEqual(done.returncode, 1)
        self.assertIn("No space left on device", done.stderr)

    def test_a_reader_that_went_away_is_no_crash(self):
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run([sluice.BINARY, "--help"], stdout=writing, text=True,
                              stderr=subprocess.PIPE, timeout=sluice.TIMEOUT)
        os.close(writing)
        self.assertEqual((done.returncode, done.stderr), (1, ""))


sluice.main()
