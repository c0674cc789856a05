// unseal_keys: the keys of a sealed capture, from files.

#include <errno.h>
#include <fcntl.h>
#include <sluice/capability.h>
#include <sluice/unseal.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

// The psk of a capability, which must be for the private key.
static int take_capability(struct sl_unseal_keys *keys, const struct sl_unseal_files *files,
			   struct sl_error *err)
{
	struct sl_capability c;
	uint8_t public[SL_KEY];
	int ret = sl_capability_load(files->cap, &c, err);

	if (ret < 0)
		return ret;
	sl_key_public(keys->key, public);
	memcpy(keys->psk, c.psk, SL_KEY);
	if (sodium_memcmp(public, c.key, SL_KEY) != 0)
		ret = sl_error_set(err, -EKEYREJECTED, "%s: is for another key than %s", files->cap,
				   files->key);
	sl_capability_wipe(&c);
	return ret;
}

// A public key is no secret: anybody may read its file.
static int take_writer(struct sl_unseal_keys *keys, const char *word, struct sl_error *err)
{
	char line[256];
	int fd, ret;

	keys->writer_known = true;
	if (sl_key_parse(keys->writer, word, NULL) == 0)
		return 0;
	fd = open(word, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return sl_error_set(err, -errno, "%s: no public key, and cannot be opened: %s",
				    word, strerror(errno));
	ret = sl_secret_read(fd, word, line, sizeof(line), err);
	close(fd);
	if (ret < 0)
		return ret;
	ret = sl_key_parse(keys->writer, line, err);
	return ret < 0 ? sl_error_prefix(err, ret, "%s", word) : 0;
}

static int load(struct sl_unseal_keys *keys, const struct sl_unseal_files *files,
		struct sl_error *err)
{
	int ret;

	if (!files->key)
		return sl_error_set(err, -EINVAL,
				    "a sealed capture is opened with the private key that it is "
				    "sealed for");
	if (!files->cap == !files->psk)
		return sl_error_set(err, -EINVAL,
				    "beside the private key, one is needed of: the capability that "
				    "it was sealed by, and the psk of that alone");
	ret = sl_key_load(files->key, keys->key, err);
	if (ret == 0)
		ret = files->cap ? take_capability(keys, files, err)
				 : sl_key_load(files->psk, keys->psk, err);
	return ret == 0 && files->writer ? take_writer(keys, files->writer, err) : ret;
}

int sl_unseal_keys_load(struct sl_unseal_keys *keys, const struct sl_unseal_files *files,
			struct sl_error *err)
{
	int ret;

	memset(keys, 0, sizeof(*keys));
	if (sodium_init() < 0)
		return sl_error_set(err, -ENOTSUP, "libsodium does not start");
	ret = load(keys, files, err);
	if (ret < 0)
		sodium_memzero(keys, sizeof(*keys));
	return ret;
}
