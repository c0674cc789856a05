"""sluice tunnel: what it says about words and files before it touches anything."""

import os

import sluice


class Tunnel(sluice.Case):
    def setUp(self):
        super().setUp()
        self.key = self.dir / "site.key"
        self.succeeds("key", "new", self.key)

    def mint(self, name, *words):
        self.succeeds("cap", "mint", self.key, "-o", self.dir / name, *words)
        return self.dir / name

    def serve(self, clients, more=""):
        return self.file("serve.yaml", f"serve:\n  services:\n    guests: {{key: site.key, "
                                       f"pool: 10.9.0.1/24, clients: [{clients}]{more}}}\n")

    def test_usage(self):
        self.fails(2, "a capability, or --serve FILE", "tunnel")
        self.fails(2, "a capability, or --serve FILE", "tunnel", "a.cap", "--serve", "b.yaml")
        self.fails(2, "--dev is not for --serve", "tunnel", "--serve", "b.yaml", "--dev", "x")
        self.fails(2, "there is no user 'nobdy'", "tunnel", "a", "--user", "nobdy")
        self.fails(2, "--route-all or --no-routes?", "tunnel", "a", "--route-all", "--no-routes")

    def test_a_capability_must_be_one_to_connect_by(self):
        self.fails(1, "cannot be opened", "tunnel", self.dir / "no.cap")
        self.fails(1, "checksum", "tunnel", "sluicecap1_" + "A" * 100)
        self.fails(1, "nobody can connect with pattern Npsk0", "tunnel",
                   self.mint("sealed.cap", "--pattern", "N"))
        self.fails(1, "--endpoint", "tunnel", self.mint("nowhere.cap"))
        self.fails(1, "'nowhere' is not host:port", "tunnel", self.dir / "nowhere.cap",
                   "--endpoint", "nowhere")
        for port in "0", "65536", "99999", "x", "-1", "":
            self.fails(1, f"'192.0.2.1:{port}': a port is 1 to 65535", "tunnel",
                       self.dir / "nowhere.cap", "--endpoint", f"192.0.2.1:{port}")

    def test_a_client_has_a_key_where_its_pattern_says_so(self):
        here = ("--endpoint", "192.0.2.1:51820")
        self.fails(1, "leave out --key", "tunnel", self.mint("nk.cap", *here), "--key", self.key)
        self.fails(1, "--key", "tunnel", self.mint("xk.cap", "--pattern", "XK", *here))

    def test_the_name_of_an_interface_is_short(self):
        cap = self.mint("nk.cap", "--endpoint", "192.0.2.1:51820")
        self.fails(1, "at most 15 characters", "tunnel", cap, "--dev", "x" * 16)

    def test_a_file_that_serves_says_so(self):
        self.fails(1, "it has no 'serve'", "tunnel", "--serve",
                   self.file("other.yaml", "apps: {a: source, b: sink}\nlinks: [a -> b]\n"))
        self.fails(1, "No such file", "tunnel", "--serve", self.dir / "no.yaml")

    def test_mistakes_have_a_place(self):
        path = self.serve("{cap: alice.cap, adress: 10.9.0.7}")
        done = self.fails(1, "serve.yaml:3:", "tunnel", "--serve", path)
        self.assertIn("a client has no key 'adress'; did you mean 'address'?", done.stderr)
        self.mint("alice.cap")
        self.assertEqual(self.succeeds("check", self.serve("alice.cap")).returncode, 0)

    def test_what_files_say_wrong_is_found_without_a_start(self):
        """And at the start, with the same words."""
        for name in ("alice.cap", "bob.cap", "carol.cap"):
            self.mint(name)
        self.succeeds("key", "new", self.dir / "other.key")
        self.succeeds("cap", "mint", self.dir / "other.key", "-o", self.dir / "eve.cap")
        self.file("open.psk", (self.dir / "site.key").read_text()).chmod(0o644)
        for clients, more, text in (
                ("alice.cap, nobody.cap", "", "3:69: {}nobody.cap: cannot be opened"),
                ("alice.cap, {psk: open.psk}", "", "3:69: {}open.psk: others may read or change"),
                ("alice.cap, eve.cap", "", "3:69: {}eve.cap is not for service guests"),
                ("alice.cap, alice.cap", "", "3:69: peers 1 and 2 have one key"),
                ("alice.cap, {cap: bob.cap, address: 10.8.0.1}", "",
                 "3:69: service guests: 10.8.0.1 is not in the pool"),
                ("{cap: alice.cap, address: 10.9.0.7}, {cap: bob.cap, address: 10.9.0.7}", "",
                 "3:95: service guests: 10.9.0.7 is taken"),
                ("{cap: alice.cap, allowed: 10.1.0.0/16}, {cap: bob.cap, allowed: 10.1.9.9/16}",
                 "", "3:98: peers 1 and 2 both have 10.1.0.0/16"),
                ("", "}\n    more: {key: site.key", "4:5: services guests and more have one key"),
                ("", "}\n    more: {key: other.key, pool: 10.9.0.9/16",
                 "4:5: the pools of services guests and more overlap"),
                ("", "}\n    more: {key: nothing.key", "4:5: {}nothing.key: cannot be opened"),
                ("alice.cap, bob.cap", "}\n  max-clients: 1 #", "2 peers, but max-peers is 1"),
                ("", "}\n  interface: 'a b' #", "4:15: 'a b' is no name for an interface")):
            with self.subTest(text=text):
                path = self.serve(clients, more)
                text = text.format(f"{self.dir}/")
                for words in ("check",), ("tunnel", "--serve"):
                    done = self.fails(1, text, *words, path)
                    self.assertEqual(done.stderr.splitlines()[-1].strip(), "^")

    def test_a_pool_is_large_enough_for_its_clients(self):
        for name in ("alice.cap", "bob.cap"):
            self.mint(name)
        path = self.file("serve.yaml", "serve:\n  services:\n    guests: {key: site.key, "
                                       "pool: 10.9.0.1/30, clients: [alice.cap, bob.cap]}\n")
        self.fails(1, "3:69: service guests: the pool is too small", "check", path)

    def test_a_key_that_can_be_read_once_is_left_alone(self):
        os.mkfifo(self.dir / "pipe", 0o600)
        self.mint("alice.cap")
        path = self.file("serve.yaml", "serve:\n  services:\n    guests: {key: pipe, "
                                       "pool: 10.9.0.1/24, clients: [alice.cap, pipe]}\n")
        self.succeeds("check", path)


sluice.main()
