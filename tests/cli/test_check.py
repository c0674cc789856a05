"""sluice check and sluice graph: what is said about files."""

import os
import shutil
import subprocess
import unittest

import sluice

GOOD = """\
apps:
  gen: {source: {}}
  mid: {filter: udp}
  end: {sink: {}}
links: [gen -> mid -> end]
"""

# Files, and what is said about them: the place, and the mistake.
BAD = [
    ("apps: {a: {fliter: udp}}", "bad.yaml:1:12:", "'filter'"),
    ("apps: {a: {filter: {expresion: udp}}}", "bad.yaml:1:", "expresion"),
    ("apps:\n  a: sink\n  a: sink\n", "bad.yaml:3:3:", "a"),
    ("apps: {a: sink}\nlinks: [a -> b]\n", "bad.yaml:2:", "'b'"),
    ("apps: {a: sink}\nworkers: lots\n", "bad.yaml:2:10:", "lots"),
    ("apps: {s: source, f: {filter: udp prot 53}, e: sink}\nlinks: [s -> f -> e]",
     "bad.yaml:1:31:", "'expression' of app 'f': 'udp prot 53': "),
    ("apps:\n  s: source\n  f:\n    filter:\n      expression: host 1.2.3.4.5\n  e: sink\n"
     "links: [s -> f -> e]", "bad.yaml:5:19:", "'host 1.2.3.4.5': "),
    ("apps: {r: {pcap-reader: {file: a.pcap, loop: often}}, e: sink}\nlinks: [r -> e]",
     "bad.yaml:1:46:", "'loop' of app 'r': 'often' is neither a count nor forever"),
    ("apps: {r: {pcap-reader: {file: a.pcap, rate: fast}}, e: sink}\nlinks: [r -> e]",
     "bad.yaml:1:46:", "'rate' of app 'r': 'fast' is none of max,"),
    ("ports: {lan: {device: ''}}\naddresses: {lan: 10.0.0.1/24}", "bad.yaml:1:24:",
     "'device' of app 'port-lan': '' names no device"),
    ("apps: [", "bad.yaml:1:", ""),
    ("appz: {}", "bad.yaml:1:1:", "'apps'"),
]


class Check(sluice.Case):
    def test_a_right_file_is_counted(self):
        path = self.file("good.yaml", GOOD)
        done = self.succeeds("check", path)
        self.assertEqual(done.stdout, f"{path}: ok, 3 apps, 2 links\n")
        self.assertEqual(done.stderr, "")

    def test_mistakes_have_a_place(self):
        for text, place, what in BAD:
            with self.subTest(text=text):
                self.file("bad.yaml", text)
                done = self.fails(1, place, "check", "bad.yaml", cwd=self.dir)
                self.assertIn(what, done.stderr)
                self.assertEqual(done.stdout, "")
                self.assertIn("^", done.stderr.splitlines()[-1])

    def test_a_file_that_comes_to_nothing_is_a_mistake(self):
        for text in ("ports:\n", "apps: {}", "workers: 1", "routes: {10.0.0.0/8: blackhole}"):
            with self.subTest(text=text):
                path = self.file("nothing.yaml", text)
                self.fails(1, f"{path}: it comes to nothing", "check", path)
                self.fails(1, f"{path}: it comes to nothing", "run", path)

    def test_a_file_that_is_not_there_is_named(self):
        self.fails(1, "No such file", "check", self.dir / "none.yaml")

    def test_one_bad_file_of_several_fails(self):
        good = self.file("good.yaml", GOOD)
        bad = self.file("bad.yaml", BAD[0][0])
        done = self.fails(1, "bad.yaml:1:12:", "check", bad, good)
        self.assertIn("good.yaml: ok", done.stdout)


class Graph(sluice.Case):
    def test_dot_names_apps_and_is_the_default(self):
        path = self.file("good.yaml", GOOD)
        done = self.succeeds("graph", path)
        self.assertTrue(done.stdout.startswith("digraph"))
        for name in ("gen", "mid", "end"):
            self.assertIn(name, done.stdout)
        self.assertEqual(self.succeeds("graph", path, "--dot").stdout, done.stdout)

    def test_output_goes_into_a_file(self):
        path = self.file("good.yaml", GOOD)
        text = self.succeeds("graph", path).stdout
        done = self.succeeds("graph", path, "-o", self.dir / "g.dot")
        self.assertEqual((done.stdout, (self.dir / "g.dot").read_text()), ("", text))

    def test_a_mistake_writes_no_file(self):
        path = self.file("bad.yaml", BAD[0][0])
        self.fails(1, "bad.yaml:1:12:", "graph", path, "-o", self.dir / "g.dot")
        self.assertFalse((self.dir / "g.dot").exists())

    def test_a_file_that_cannot_be_written_is_named(self):
        path = self.file("good.yaml", GOOD)
        self.fails(1, "No such file", "graph", path, "-o", self.dir / "no" / "g.dot")
        self.fails(1, "No space left", "graph", path, "-o", "/dev/full")
        self.assertTrue(os.path.exists("/dev/full"))

    def test_svg_without_graphviz_says_what_to_install(self):
        path = self.file("good.yaml", GOOD)
        self.fails(1, "apt install graphviz", "graph", path, "--svg",
                   env={**os.environ, "PATH": str(self.dir)})

    def test_graphviz_that_fails_is_a_failure(self):
        path = self.file("good.yaml", GOOD)
        dot = self.file("dot", "#!/bin/sh\nexit 3\n")
        dot.chmod(0o755)
        self.fails(1, "dot -Tsvg", "graph", path, "--svg", "-o", self.dir / "g.svg",
                   env={**os.environ, "PATH": str(self.dir)})
        self.assertFalse((self.dir / "g.svg").exists())

    @unittest.skipUnless(shutil.which("dot"), "Graphviz is not installed")
    def test_svg_is_drawn(self):
        path = self.file("good.yaml", GOOD)
        done = self.succeeds("graph", path, "--svg")
        self.assertIn("<svg", done.stdout)
        self.assertIn("mid", done.stdout)

    @unittest.skipUnless(shutil.which("dot"), "Graphviz is not installed")
    def test_dot_is_understood_by_graphviz(self):
        text = self.succeeds("graph", self.file("good.yaml", GOOD)).stdout
        subprocess.run(["dot", "-Tplain"], input=text, text=True, check=True,
                       stdout=subprocess.DEVNULL, timeout=sluice.TIMEOUT)


sluice.main()
