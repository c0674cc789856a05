"""sluice key and sluice cap: keys and capabilities as files."""

import os
import re
import stat
import subprocess

import sluice

SECRET = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
PUBLIC = "B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9/AsrhtHHw="
NAME = "g2noqbbmvhvqajamgr2dt2hugupxco4tj5mns7m3hjc3exygltuq"
PSK = "wMHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t8="
CAP = ("sluicecap1_B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9_AsrhtHHzAwcLDxMXGx8jJ"
       "ysvMzc7P0NHS09TV1tfY2drb3N3e3wZOS3BzazAPMTkyLjAuMi4xOjUxODIw8UaL2g")


def piped(text, *args):
    """Run the command with a text on its standard input."""
    return subprocess.run([sluice.BINARY, *map(str, args)], input=text, capture_output=True,
                          text=True, timeout=sluice.TIMEOUT)


class Secrets(sluice.Case):
    def secret(self, name, text, mode=0o600):
        path = self.file(name, text + "\n")
        path.chmod(mode)
        return path

    def mode(self, path):
        return stat.S_IMODE(os.stat(path).st_mode)

    def pipes(self, text, *args):
        done = piped(text, *args)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout


class Key(Secrets):
    def test_new_makes_a_file_of_its_owner_and_never_overwrites(self):
        path = self.dir / "site.key"
        self.assertEqual(self.succeeds("key", "new", path).stdout, "")
        self.assertEqual(self.mode(path), 0o600)
        text = path.read_text()
        self.assertRegex(text, r"^[A-Za-z0-9+/]{43}=\n$")
        self.fails(1, "site.key: is there already", "key", "new", path)
        self.assertEqual(path.read_text(), text)
        self.fails(1, "No such file", "key", "new", self.dir / "no" / "key")

    def test_new_prints_where_no_file_is_named(self):
        one = self.succeeds("key", "new").stdout
        other = self.succeeds("key", "new", "-").stdout
        self.assertNotEqual(one, other)
        self.assertRegex(self.pipes(one, "key", "public"), r"^[A-Za-z0-9+/]{43}=\n$")

    def test_a_file_behind_the_output_is_closed_to_others(self):
        path = self.file("key", "")
        path.chmod(0o644)
        with open(path, "w") as out:
            subprocess.run([sluice.BINARY, "key", "new"], stdout=out, check=True,
                           timeout=sluice.TIMEOUT)
        self.assertEqual(self.mode(path), 0o600)
        self.succeeds("key", "public", path)

    def test_public_show_and_name_are_the_vector(self):
        path = self.secret("site.key", SECRET)
        self.assertEqual(self.succeeds("key", "public", path).stdout, PUBLIC + "\n")
        shown = self.succeeds("key", "show", path).stdout
        self.assertEqual(shown, f"public key  {PUBLIC}\nname        {NAME}\n")
        self.assertNotIn(SECRET, shown)
        self.assertEqual(self.succeeds("key", "name", PUBLIC).stdout, NAME + "\n")
        public = self.secret("site.pub", PUBLIC, 0o644)
        self.assertEqual(self.succeeds("key", "name", public).stdout, NAME + "\n")
        for word in ([], ["-"]):
            self.assertEqual(self.pipes(SECRET + "\n", "key", "public", *word), PUBLIC + "\n")
            self.assertEqual(self.pipes(PUBLIC, "key", "name", *word), NAME + "\n")
        self.assertRegex(NAME, r"^[a-z2-7]{1,63}$")

    def test_a_key_that_others_may_read_is_refused(self):
        for mode in (0o644, 0o640, 0o604):
            path = self.secret(f"{mode:o}.key", SECRET, mode)
            for verb in ("public", "show"):
                done = self.fails(1, "others may read", "key", verb, path)
                self.assertIn("chmod 600", done.stderr)
                self.assertEqual(done.stdout, "")

    def test_what_is_no_key_is_refused_and_not_repeated(self):
        for text in ("", "x", SECRET[:-1], SECRET + "A", SECRET + "\n" + SECRET, "é" * 22):
            with self.subTest(text=text):
                done = self.fails(1, "bad.key: ", "key", "public", self.secret("bad.key", text))
                self.assertNotIn("AQID", done.stderr)
                self.assertEqual(done.stdout, "")
                done = piped(text, "key", "public")
                self.assertEqual(done.returncode, 1)
                self.assertIn("standard input", done.stderr)
        self.fails(1, "No such file", "key", "show", self.dir / "none")
        self.fails(1, "Is a directory", "key", "show", self.dir)
        self.fails(1, "low order", "key", "name", "A" * 43 + "=")

    def test_usage(self):
        self.fails(2, "too few arguments", "key")
        self.fails(2, "did you mean 'public'", "key", "pubilc")
        self.fails(2, "one of new, public, show, name", "key", "xyzzy")
        self.fails(2, "unexpected argument", "key", "show", "a", "b")


class Cap(Secrets):
    def setUp(self):
        super().setUp()
        self.key = self.secret("site.key", SECRET)
        self.cap = self.secret("alice.cap", CAP)

    def test_mint_is_the_vector(self):
        psk = self.secret("alice.psk", PSK)
        done = self.succeeds("cap", "mint", self.key, "--psk", psk, "-e", "192.0.2.1:51820")
        self.assertEqual(done.stdout, CAP + "\n")
        self.assertEqual(self.pipes(SECRET, "cap", "mint", "-", "--psk", psk, "--endpoint",
                                    "192.0.2.1:51820", "--pattern", "NKpsk0"), CAP + "\n")

    def test_the_manual_has_the_vector(self):
        text = (sluice.TOP / "docs" / "capabilities.md").read_text()
        for line in (SECRET, PUBLIC, NAME, PSK, CAP):
            self.assertIn(line + "\n", text)

    def test_mint_makes_a_file_of_its_owner_and_a_psk_each(self):
        paths = [self.dir / "a", self.dir / "b"]
        for path in paths:
            self.assertEqual(self.succeeds("cap", "mint", self.key, "-o", path).stdout, "")
            self.assertEqual(self.mode(path), 0o600)
            self.succeeds("cap", "verify", path, "--key", self.key)
        psks = [self.succeeds("cap", "show", path, "--show-psk").stdout for path in paths]
        self.assertNotEqual(*psks)
        self.fails(1, "is there already", "cap", "mint", self.key, "-o", paths[0])

    def test_show_says_all_but_the_psk(self):
        text = self.succeeds("cap", "show", self.cap).stdout
        said = dict(re.split(r"  +", line) for line in text.splitlines())
        self.assertEqual(said, {"public key": PUBLIC, "name": NAME, "pattern": "NKpsk0",
                                "protocol": "Noise_NKpsk0_25519_ChaChaPoly_BLAKE2s",
                                "endpoint": "192.0.2.1:51820",
                                "id": "NM6uG8hPoyCxfCE+ja5GAlQwYrKZEAr6IJw1m/y4psE="})
        self.assertNotIn(PSK, text)
        self.assertEqual(self.pipes(CAP, "cap", "show"), text)
        self.assertEqual(self.succeeds("cap", "show", self.cap, "--show-psk").stdout, PSK + "\n")

    def test_patterns_are_those_that_know_the_service(self):
        for pattern, whole in (("N", "Npsk0"), ("K", "Kpsk0"), ("X", "Xpsk0"), ("NK", "NKpsk0"),
                               ("KK", "KKpsk0"), ("XK", "XKpsk0"), ("IK", "IKpsk2")):
            minted = self.succeeds("cap", "mint", self.key, "-p", pattern).stdout
            self.assertIn(f"  {whole}\n", self.pipes(minted, "cap", "show"))
            self.assertIn("endpoint    none", self.pipes(minted, "cap", "show", "-"))
        self.fails(1, "'XXpsk0': the pattern", "cap", "mint", self.key, "--pattern", "XX")
        self.fails(1, "host:port", "cap", "mint", self.key, "--endpoint", "nowhere")

    def test_verify_finds_typos_and_other_services(self):
        self.assertEqual(self.succeeds("cap", "verify", self.cap).stdout, f"{self.cap}: ok\n")
        self.assertEqual(self.pipes(CAP, "cap", "verify", "-"), "-: ok\n")
        bad = self.secret("bad.cap", CAP[:40] + "x" + CAP[41:])
        done = self.fails(1, "bad.cap: a capability with a typo", "cap", "verify", bad)
        self.assertNotIn(CAP[50:60], done.stderr)
        self.fails(1, "begin with sluicecap1_", "cap", "verify", self.key)
        other = self.dir / "other.key"
        self.succeeds("key", "new", other)
        self.fails(1, "for another key", "cap", "verify", self.cap, "--key", other)

    def test_files_that_others_may_read_are_refused(self):
        self.cap.chmod(0o640)
        for args in (["show"], ["verify"], ["show", "--show-psk"]):
            self.fails(1, "others may read", "cap", *args, self.cap)
        self.key.chmod(0o604)
        self.fails(1, "others may read", "cap", "mint", self.key)

    def test_usage(self):
        self.fails(2, "too few arguments", "cap")
        self.fails(2, "did you mean 'verify'", "cap", "verfy")
        self.fails(1, "--output is not for this", "cap", "show", self.cap, "-o", "x")
        self.fails(1, "cannot both be -", "cap", "mint", "-", "--psk", "-")
        self.fails(1, "cannot both be -", "cap", "verify", "-", "--key", "-")


sluice.main()
