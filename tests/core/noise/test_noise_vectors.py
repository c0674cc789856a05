"""noise-vectors: public vectors of Noise protocols, and what it says about files."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOL = sys.argv.pop(1)
FLYNN = pathlib.Path("/usr/share/gocode/src/github.com/flynn/noise/vectors.txt")
CORPUS = os.environ.get("SLUICE_CORPUS")

# A vector in the common form.
GOOD = json.loads("""{
  "protocol_name": "Noise_NKpsk0_25519_ChaChaPoly_BLAKE2s",
  "init_prologue": "736c75696365",
  "init_remote_static": "07a37cbc142093c8b755dc1b10e86cb426374ad16aa853ed0bdfc0b2b86d1c7c",
  "init_ephemeral": "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
  "init_psks": ["c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"],
  "resp_prologue": "736c75696365",
  "resp_static": "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
  "resp_ephemeral": "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf",
  "resp_psks": ["c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"],
  "handshake_hash": "11668ca2b7ecfdb4288a1e48206faf8f937ff7599653960225066b6d751bb7f2",
  "messages": [
    {"payload": "6f70656e",
     "ciphertext": "493e82fc74464a59268817623d2053c5eb8e2cc4a988b4fee179ec6b010d531dcb47b245ed97058bff179e2110455e596ae3eb6b"},
    {"payload": "67617465",
     "ciphertext": "605a725d2a4adfeeb1a29e17edd621c1b7593ee8cdbc44ac6c4ab6e2f805d23c880e2202283558a1634b04e67b59f9853790b34a"},
    {"payload": "72757368",
     "ciphertext": "4f8f4ba9f04df21065ec7da976e18d1746576de6"},
    {"payload": "68757368",
     "ciphertext": "8de005b8c79fdba6f078ac204bf1fc1bc4d46586"}
  ]
}""")


def run(*files):
    return subprocess.run([TOOL, *map(str, files)], capture_output=True, text=True, timeout=300)


class Public(unittest.TestCase):
    """Vectors that others made."""

    def passes(self, path, number):
        done = run(path)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.splitlines()[-1], f"{number} passed, 0 failed, 0 skipped")

    @unittest.skipUnless(FLYNN.exists(), "golang-github-flynn-noise-dev is not installed")
    def test_flynn(self):
        self.passes(FLYNN, 1920)

    @unittest.skipUnless(CORPUS, "SLUICE_CORPUS is not set")
    def test_snow(self):
        self.passes(pathlib.Path(CORPUS) / "noise" / "snow.txt", 408)


class Tool(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sluice-")
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)
        self.vector = json.loads(json.dumps(GOOD))

    def file(self, content, name="vectors.json"):
        path = self.dir / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def counts(self, content, passed=0, failed=0, skipped=0):
        """Run and count; only failures fail."""
        done = run(self.file(content))
        self.assertEqual(done.stdout.splitlines()[-1],
                         f"{passed} passed, {failed} failed, {skipped} skipped", done.stdout)
        self.assertEqual(done.returncode, 1 if failed else 0)
        return done.stdout

    def refuses(self, content, what):
        """A file that cannot be read is named."""
        path = self.file(content)
        done = run(path)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{path}:", done.stderr)
        self.assertIn(what, done.stderr)

    def test_a_list_may_stand_alone_or_in_an_object(self):
        self.counts({"vectors": [self.vector]}, passed=1)
        self.counts([self.vector, self.vector], passed=2)
        self.counts([])
        self.counts({"comment": "x", "vectors": [self.vector], "more": 1}, passed=1)

    def test_several_files_are_counted_together(self):
        a, b = self.file([self.vector], "a"), self.file([self.vector], "b")
        self.assertEqual(run(a, b).stdout, "2 passed, 0 failed, 0 skipped\n")

    def test_order_and_case_do_not_matter(self):
        v = {k: v.upper() if isinstance(v, str) and k != "protocol_name" else v
             for k, v in reversed(self.vector.items())}
        v["messages"] = [{"ciphertext": m["ciphertext"].upper(), "payload": m["payload"].upper()}
                         for m in v["messages"]]
        self.counts([v], passed=1)

    def test_optional_keys_may_lack_or_be_too_many(self):
        for key in ("handshake_hash", "init_remote_static"):
            del self.vector[key]
        self.vector["resp_remote_static"] = "00" * 32
        self.vector["comment"] = {"a": [1]}
        self.counts([self.vector], passed=1)

    def test_a_difference_anywhere_fails(self):
        for i in range(len(self.vector["messages"])):
            for key in ("payload", "ciphertext"):
                with self.subTest(i=i, key=key):
                    v = json.loads(json.dumps(GOOD))
                    text = v["messages"][i][key]
                    v["messages"][i][key] = text[:-1] + ("0" if text[-1] != "0" else "1")
                    self.assertIn(f"message {i}", self.counts([v], failed=1))
        for key in ("init_ephemeral", "resp_static", "init_psks", "resp_prologue",
                    "handshake_hash"):
            with self.subTest(key=key):
                v = json.loads(json.dumps(GOOD))
                v[key] = ["11" * 32] if key == "init_psks" else "11" * 32
                self.counts([v, GOOD], passed=1, failed=1)

    def test_a_vector_that_lacks_something_fails(self):
        for key in ("resp_static", "init_ephemeral", "resp_ephemeral", "init_psks"):
            with self.subTest(key=key):
                v = json.loads(json.dumps(GOOD))
                del v[key]
                self.counts([v], failed=1)
        self.vector["messages"].pop()
        self.counts([self.vector], passed=1)
        self.vector["messages"] = self.vector["messages"][:1]
        self.counts([self.vector], failed=1)

    def test_what_is_not_supported_is_skipped(self):
        for name in ("Noise_NK_448_ChaChaPoly_SHA256", "Noise_XXfallback_25519_AESGCM_SHA256",
                     "Noise_XXhfs_25519+Kyber1024_ChaChaPoly_SHA256",
                     "Noise_NK_25519_XChaChaPoly_SHA256", "Noise_NK_25519_AESGCM_SHA3/256",
                     "Noise_NKpsk0+hfs_25519_ChaChaPoly_SHA256", "Noise_XR_25519_AESGCM_SHA256", "NoisePSK_NN_25519_AESGCM_SHA256"):
            with self.subTest(name=name):
                self.vector["protocol_name"] = name
                self.assertIn(name, self.counts([self.vector, GOOD], passed=1, skipped=1))

    def test_a_fallback_is_skipped_whatever_the_name(self):
        self.counts([{**GOOD, "fallback": True}, {**GOOD, "fallback": False}],
                    passed=1, skipped=1)

    def test_the_last_message_of_a_bad_vector_must_be_refused(self):
        for last in range(len(GOOD["messages"])):
            with self.subTest(last=last):
                v = json.loads(json.dumps({**GOOD, "fail": True}))
                del v["messages"][last + 1:]
                self.counts([v], failed=1)
                text = v["messages"][last]["ciphertext"]
                v["messages"][last]["ciphertext"] = text[:-1] + ("0" if text[-1] != "0" else "1")
                self.counts([v], passed=1)

    def test_a_supported_name_that_is_misspelt_fails(self):
        for name in ("Noise_NKpsk9_25519_ChaChaPoly_BLAKE2s", "Noise_NK_25519_ChaChaPoly", "",
                     "noise_NK_25519_ChaChaPoly_BLAKE2s"):
            with self.subTest(name=name):
                self.vector["protocol_name"] = name
                self.counts([self.vector], failed=1)

    def test_one_that_cannot_be_read_fails_alone(self):
        self.counts([GOOD, {**GOOD, "init_static": "0g"}, GOOD, 1], passed=2, failed=2)

    def test_nor_need_one_be_read_that_is_skipped(self):
        foreign = {**GOOD, "protocol_name": "Noise_NK_448_ChaChaPoly_SHA256", "init_psks": ["00"] * 9}
        self.counts([foreign, {**GOOD, "init_psks": ["00"] * 9, "fallback": True}, GOOD],
                    passed=1, skipped=2)

    def test_files_that_cannot_be_read_are_named(self):
        self.refuses("", "")
        self.refuses("[", ":1:1:")
        self.refuses('{"vectors": 1}', "no list of vectors")
        self.refuses("{}", "no list of vectors")
        self.refuses("1", "")
        self.refuses("[1]", "vector 1 cannot be read")
        self.refuses([{"messages": []}], "vector 1 cannot be read")
        self.refuses([{**GOOD, "init_static": "0g"}], "vector 1 cannot be read: Noise_")
        self.refuses([{**GOOD, "init_static": "123"}], "vector 1 cannot be read")
        self.refuses([{**GOOD, "messages": [{"payload": 1}]}], "vector 1 cannot be read")
        self.refuses([{**GOOD, "init_psks": "00"}], "vector 1 cannot be read")
        self.refuses("handshake=Noise_NN_25519_AESGCM_SHA256\nnonsense\n", ":2:")
        missing = self.dir / "none.json"
        done = run(missing)
        self.assertEqual((done.returncode, done.stdout), (1, "0 passed, 0 failed, 0 skipped\n"))
        self.assertIn(f"{missing}: No such file", done.stderr)
        done = run(self.dir)
        self.assertEqual(done.returncode, 1)
        self.assertIn(str(self.dir), done.stderr)

    def test_no_file_is_wrong_usage(self):
        self.assertEqual(run().returncode, 2)


unittest.main()
