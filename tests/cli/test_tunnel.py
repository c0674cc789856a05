"""sluice tunnel: what it says about words and files before it touches anything."""

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
        self.assertEqual(self.succeeds("check", self.serve("alice.cap")).returncode, 0)


sluice.main()
