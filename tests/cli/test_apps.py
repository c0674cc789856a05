"""sluice apps: the documentation of every class, and bash completion, which uses it."""

import os
import subprocess

import sluice

COMPLETION = sluice.TOP / "cli" / "completion" / "sluice.bash"


class Apps(sluice.Case):
    def names(self):
        return [line.split()[0] for line in self.succeeds("apps").stdout.splitlines()]

    def test_the_list_is_in_order_and_has_help(self):
        names = self.names()
        self.assertEqual(names, sorted(names))
        for name in ("filter", "pcap-reader", "sink", "source", "tee"):
            self.assertIn(name, names)
        for line in self.succeeds("apps").stdout.splitlines():
            self.assertGreater(len(line.split()), 2, line)

    def test_every_class_explains_itself(self):
        for name in self.names():
            with self.subTest(name=name):
                text = self.succeeds("apps", name).stdout
                self.assertTrue(text.startswith(f"{name}: "))
                self.assertRegex(text, "(?m)^(In|Out)puts: ")
                for line in text.splitlines():
                    self.assertLessEqual(len(line), 100, line)

    def test_keys_show_type_default_and_help(self):
        text = self.succeeds("apps", "pcap-reader").stdout
        self.assertRegex(text, r"(?m)^  file \(list of paths; must be given; may stand without")
        self.assertRegex(text, r"(?m)^  rate \(.*default max.*\)$")

    def test_a_name_nearby_is_suggested(self):
        self.fails(1, "no app 'fitler'; did you mean 'filter'?", "apps", "fitler")
        self.fails(1, "'sluice apps' lists", "apps", "xyzzyxyzzy")

    def test_a_plugin_that_is_none_is_refused(self):
        path = self.file("no.so", "not a library")
        self.fails(1, "no.so", "apps", "--plugin", path)
        self.fails(1, "none.so", "apps", "--plugin", self.dir / "none.so")


class Completion(sluice.Case):
    def complete(self, *words):
        """What bash offers for the last word."""
        script = (f"source {COMPLETION}\nCOMP_WORDS=(\"$@\")\nCOMP_CWORD=$(($# - 1))\n"
                  '_sluice sluice "${@: -1}" "${@: -2:1}"\nprintf "%s\\n" "${COMPREPLY[@]}"\n')
        bin_dir = os.path.dirname(sluice.BINARY)
        done = subprocess.run(["bash", "-c", script, "bash", "sluice", *words],
                              capture_output=True, text=True, cwd=self.dir,
                              timeout=sluice.TIMEOUT,
                              env={**os.environ, "PATH": f"{bin_dir}:{os.environ['PATH']}"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split()

    def test_commands_options_files_and_apps_are_offered(self):
        self.file("a.yaml", "")
        self.assertEqual(self.complete("re"), ["replay"])
        self.assertEqual(self.complete("replay", "--th"), ["--through"])
        self.assertEqual(self.complete("check", "a."), ["a.yaml"])
        self.assertEqual(self.complete("apps", "pcap-r"), ["pcap-reader"])
        self.assertEqual(self.complete("key", "pu"), ["public"])
        self.assertEqual(self.complete("cap", "mi"), ["mint"])
        self.assertEqual(self.complete("uns"), ["unseal"])
        self.assertEqual(self.complete("unseal", "--key", "a."), ["a.yaml"])
        self.assertEqual(self.complete("cap", "mint", "-p", "X"), ["X", "XK"])
        self.assertEqual(self.complete("replay", "--rate", "or"), ["original"])
        self.assertEqual(self.complete("replay", "--through", "pcap-r"), ["pcap-reader"])
        self.assertIn("lo", self.complete("replay", "--to", "l"))

    def test_every_option_of_help_is_offered(self):
        for command in ("run", "check", "graph", "replay", "apps", "key", "cap", "unseal"):
            text = self.succeeds(command, "--help").stdout
            options = {w.strip(",") for line in text.split("Options:")[1].splitlines()
                       if line.startswith("  -") or line.startswith("      --")
                       for w in line.split() if w.startswith("--")}
            self.assertEqual(set(self.complete(command, "--")), options)


sluice.main()
