// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/enrich/zones.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <uthash.h>

#include "user/base/cleanup.h"
#include "user/base/input_file.h"
#include "user/base/log.h"
#include "user/base/parse_number.h"

#define ADDR_BITS 128
#define COMPLAINTS_MAX 20 /* that are logged of one file */
#define NETWORK_TEXT_MAX 63

struct zone_name {
	UT_hash_handle hh;
	char text[];
};

/* cidr first: it is the key, without padding behind its 17 bytes. */
struct zone_network {
	struct cidr cidr;
	const char *name;
	unsigned int line; /* 0 = built in */
	UT_hash_handle hh;
};

struct zones {
	struct zone_name *names;
	struct zone_network *networks;
	size_t count;
	uint8_t lengths[ADDR_BITS + 1]; /* prefix lengths in use, longest first */
	size_t length_count;
};

#define CIDR_KEY_BYTES (sizeof(struct cidr))
_Static_assert(sizeof(struct cidr) == 17, "the key of a network has no padding");

static const char *zones_intern(struct zones *zones, const char *name, size_t len)
{
	struct zone_name *found;

	HASH_FIND(hh, zones->names, name, len, found);
	if (found)
		return found->text;
	found = calloc(1, sizeof(*found) + len + 1);
	if (!found)
		return NULL;
	memcpy(found->text, name, len);
	HASH_ADD_KEYPTR(hh, zones->names, found->text, len, found);
	return found->text;
}

static void zones_note_length(struct zones *zones, uint8_t length)
{
	size_t at = 0;

	while (at < zones->length_count && zones->lengths[at] > length)
		at++;
	if (at < zones->length_count && zones->lengths[at] == length)
		return;
	memmove(zones->lengths + at + 1, zones->lengths + at, zones->length_count - at);
	zones->lengths[at] = length;
	zones->length_count++;
}

/* *ret_before: the network that is there already, which then is left as it is. */
static int zones_add(struct zones *zones, const char *name, const struct cidr *cidr,
		     unsigned int line, struct zone_network **ret_before)
{
	struct zone_network *network;

	*ret_before = NULL;
	HASH_FIND(hh, zones->networks, cidr, CIDR_KEY_BYTES, network);
	if (network && network->line) {
		*ret_before = network;
		return 0;
	}
	if (network) {
		network->name = name;
		network->line = line;
		return 0;
	}
	if (zones->count >= ZONE_NETWORKS_MAX)
		return -E2BIG;
	network = calloc(1, sizeof(*network));
	if (!network)
		return -ENOMEM;
	network->cidr = *cidr;
	network->name = name;
	network->line = line;
	HASH_ADD(hh, zones->networks, cidr, CIDR_KEY_BYTES, network);
	zones_note_length(zones, cidr->prefix_len);
	zones->count++;
	return 0;
}

int zones_new(struct zones **ret)
{
	static const struct {
		const char *name, *network;
	} defaults[] = {
#define ZONE_DEFAULT_ROW(name, network) { name, network },
		ZONE_DEFAULTS(ZONE_DEFAULT_ROW)
	};
	_cleanup_(zones_free) struct zones *zones = calloc(1, sizeof(*zones));
	struct zone_network *before;
	struct cidr cidr;

	if (!zones)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		const char *name = zones_intern(zones, defaults[i].name, strlen(defaults[i].name));

		if (!name || parse_cidr(defaults[i].network, &cidr) ||
		    zones_add(zones, name, &cidr, 0, &before))
			return -ENOMEM;
	}
	*ret = TAKE_PTR(zones);
	return 0;
}

void zones_free(struct zones **zones)
{
	struct zone_network *network, *next_network;
	struct zone_name *name, *next_name;

	if (!*zones)
		return;
	HASH_ITER(hh, (*zones)->networks, network, next_network)
	{
		HASH_DEL((*zones)->networks, network);
		free(network);
	}
	HASH_ITER(hh, (*zones)->names, name, next_name)
	{
		HASH_DEL((*zones)->names, name);
		free(name);
	}
	free(*zones);
	*zones = NULL;
}

/* The reading of one text. */
struct zones_reader {
	struct zones *zones;
	zones_complaint complain;
	void *data;
	unsigned int line;
	bool is_wrong;
};

static void __attribute__((format(printf, 3, 4)))
zones_tell(struct zones_reader *reader, bool is_error, const char *fmt, ...)
{
	char sentence[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, args);
	va_end(args);
	reader->is_wrong |= is_error;
	reader->complain(reader->data, reader->line, is_error, sentence);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

/* The next word of [*at, end); NULL at the end or at a comment. */
static const char *next_word(const char **at, const char *end, size_t *len)
{
	const char *start;

	while (*at < end && is_blank(**at))
		(*at)++;
	if (*at == end || **at == '#')
		return NULL;
	start = *at;
	while (*at < end && !is_blank(**at) && **at != '#')
		(*at)++;
	*len = *at - start;
	return start;
}

static bool zone_name_is_good(const char *name, size_t len)
{
	if (len > ZONE_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z') ||
		      (name[i] >= '0' && name[i] <= '9') || strchr("_.-", name[i])) ||
		    !name[i])
			return false;
	return true;
}

static int zones_read_network(struct zones_reader *reader, const char *name, const char *word,
			      size_t len)
{
	struct zone_network *before;
	char text[NETWORK_TEXT_MAX + 1];
	struct cidr cidr;
	int err = -EINVAL;

	if (len <= NETWORK_TEXT_MAX && !memchr(word, '\0', len)) {
		memcpy(text, word, len);
		text[len] = '\0';
		err = parse_cidr(text, &cidr);
	}
	if (err) {
		zones_tell(reader, true,
			   "\"%.*s\" is no network; write 10.0.0.0/8 or 2001:db8::/32",
			   (int)(len > NETWORK_TEXT_MAX ? NETWORK_TEXT_MAX : len), word);
		return 0;
	}
	err = zones_add(reader->zones, name, &cidr, reader->line, &before);
	if (!err && before && before->name != name)
		zones_tell(reader, false,
			   "%s is in zone %s already (line %u), where it stays; take it out of one",
			   text, before->name, before->line);
	return err;
}

static int zones_read_line(struct zones_reader *reader, const char *line, const char *end)
{
	const char *name, *word;
	size_t len, count = 0;
	int err;

	word = next_word(&line, end, &len);
	if (!word)
		return 0;
	if (!zone_name_is_good(word, len)) {
		zones_tell(reader, true,
			   "\"%.*s\" is no name of a zone: letters, digits, _ . and -, at most %d",
			   (int)(len > ZONE_NAME_MAX ? ZONE_NAME_MAX : len), word, ZONE_NAME_MAX);
		return 0;
	}
	name = zones_intern(reader->zones, word, len);
	if (!name)
		return -ENOMEM;
	while ((word = next_word(&line, end, &len))) {
		err = zones_read_network(reader, name, word, len);
		if (err)
			return err;
		count++;
	}
	if (!count)
		zones_tell(reader, true, "zone %s has no network; write them behind its name",
			   name);
	return 0;
}

int zones_add_text(struct zones *zones, const char *text, size_t len, zones_complaint complain,
		   void *data)
{
	struct zones_reader reader = { .zones = zones, .complain = complain, .data = data };
	const char *end = text + len, *line = text, *newline;
	int err = 0;

	for (; line < end && !err; line = newline + 1) {
		newline = memchr(line, '\n', end - line);
		if (!newline)
			newline = end;
		reader.line++;
		err = zones_read_line(&reader, line, newline);
	}
	if (err)
		return err;
	return reader.is_wrong ? -EINVAL : 0;
}

struct zones_log {
	const char *path;
	unsigned int count;
};

static void zones_log_complaint(void *data, unsigned int line, int is_error, const char *sentence)
{
	struct zones_log *log = data;

	if (++log->count > COMPLAINTS_MAX)
		return;
	if (is_error)
		log_error(-EINVAL, "%s:%u: %s", log->path, line, sentence);
	else
		log_warn("%s:%u: %s", log->path, line, sentence);
}

static int zones_read_file(const char *path, char **ret, size_t *ret_len)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	struct stat status;
	size_t len = 0;
	ssize_t got;

	/* A FIFO is not waited for: without a writer the start would never end. */
	if (stat(path, &status) || !S_ISFIFO(status.st_mode))
		fd = input_file_open(path);
	else
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return log_error(fd, "cannot read the zones of %s: %s", path, strerror(-fd));
	if (fstat(fd, &status))
		return log_error(-errno, "cannot read the zones of %s: %s", path, strerror(errno));
	if (!S_ISREG(status.st_mode) || status.st_size > ZONE_FILE_BYTES_MAX)
		return log_error(-EINVAL, "the zones of %s: a plain file of at most 8 MB is needed",
				 path);
	text = malloc(ZONE_FILE_BYTES_MAX);
	if (!text)
		return log_error(-ENOMEM, "not enough memory for the zones of %s", path);
	while (len < ZONE_FILE_BYTES_MAX &&
	       (got = read(fd, text + len, ZONE_FILE_BYTES_MAX - len)) != 0) {
		if (got < 0)
			return log_error(-errno, "cannot read the zones of %s: %s", path,
					 strerror(errno));
		len += got;
	}
	*ret = TAKE_PTR(text);
	*ret_len = len;
	return 0;
}

int zones_load(const char *path, struct zones **ret)
{
	_cleanup_(zones_free) struct zones *zones = NULL;
	struct zones_log log = { .path = path };
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int err;

	err = zones_read_file(path, &text, &len);
	if (err)
		return err;
	err = zones_new(&zones);
	if (!err)
		err = zones_add_text(zones, text, len, zones_log_complaint, &log);
	if (log.count > COMPLAINTS_MAX)
		log_error(-EINVAL, "%s: %u more such lines", path, log.count - COMPLAINTS_MAX);
	if (err == -E2BIG)
		log_error(err, "%s: more than %d networks", path, ZONE_NETWORKS_MAX);
	else if (err == -ENOMEM)
		log_error(err, "not enough memory for the zones of %s", path);
	if (err)
		return err;
	*ret = TAKE_PTR(zones);
	return 0;
}

const char *zones_lookup(const struct zones *zones, const uint8_t addr[16])
{
	struct zone_network *network;
	struct cidr cidr;

	for (size_t i = 0; i < zones->length_count; i++) {
		unsigned int bits = zones->lengths[i];

		memset(&cidr, 0, sizeof(cidr));
		memcpy(cidr.addr, addr, bits / 8);
		if (bits % 8)
			cidr.addr[bits / 8] = addr[bits / 8] & (0xff << (8 - bits % 8));
		cidr.prefix_len = bits;
		HASH_FIND(hh, zones->networks, &cidr, CIDR_KEY_BYTES, network);
		/* ::/0 holds IPv4 too, mapped: 0.0.0.0/0 is longer and found before. */
		if (network)
			return network->name;
	}
	return "public";
}
