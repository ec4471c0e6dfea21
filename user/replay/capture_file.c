// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/replay/capture_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/input_file.h"
#include "user/base/clock.h"
#include "user/base/log.h"
#include "user/replay/link_layer.h"
#include "user/replay/packed_stream.h"
#include "user/replay/pcapng_reader.h"

struct capture_file {
	const char *path;
	FILE *stream; /* owned by `pcap` once that is there */
	pcap_t *pcap; /* one of the two */
	struct pcapng_reader *pcapng;
	int link_type; /* of `pcap` */
	int fd; /* of the stream, for the progress alone */
	uint64_t size;
	uint64_t frame; /* number of the packet that was read last */
	uint64_t left_out; /* packets of a link type that is not understood */
	int left_out_type; /* of the first of them */
};

static const char *shown_path(const char *path)
{
	return strcmp(path, "-") ? path : "stdin";
}

static int open_fd(const char *path, struct capture_file *file)
{
	struct stat info;
	int fd = strcmp(path, "-") ? input_file_open(path) : dup(STDIN_FILENO);

	if (fd == -EINTR)
		return -EINTR;
	if (fd < 0)
		return log_error(fd, "cannot open %s: %s", path, strerror(-fd));
	if (!fstat(fd, &info) && S_ISDIR(info.st_mode)) {
		close(fd);
		return log_error(
			-EISDIR,
			"%s is a directory; name the capture files in it, such as %s/*.pcap", path,
			path);
	}
	if (isatty(fd)) {
		close(fd);
		return log_error(-EINVAL, "%s is a terminal; pipe a capture into it",
				 shown_path(path));
	}
	file->size = !fstat(fd, &info) && S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0;
	return fd;
}

/* The first four bytes, which stay in the stream; 0 when there are fewer. */
static uint32_t magic_of(FILE *stream)
{
	uint8_t bytes[4];
	uint32_t magic = 0;
	size_t n = fread(bytes, 1, sizeof(bytes), stream);

	if (n == sizeof(bytes))
		memcpy(&magic, bytes, sizeof(magic));
	while (n)
		ungetc(bytes[--n], stream); /* they lie in its buffer: all of them fit */
	return magic;
}

static int log_unknown_link_type(const struct capture_file *file, int link_type, const char *what)
{
	const char *name = pcap_datalink_val_to_name(link_type);

	return log_error(-EINVAL,
			 "%s has %s of link type %d%s%s, which are not understood; Ethernet, Linux "
			 "cooked, raw IP, loopback, PPP, 802.11, PPI, NFLOG, PKTAP, DSA, MPLS and "
			 "HDLC are",
			 shown_path(file->path), what, link_type, name ? " " : "",
			 name ? name : "");
}

static int open_pcap(struct capture_file *file)
{
	char why[PCAP_ERRBUF_SIZE] = "";

	errno = 0;
	file->pcap = pcap_fopen_offline_with_tstamp_precision(file->stream,
							      PCAP_TSTAMP_PRECISION_NANO, why);
	if (!file->pcap && errno == EINTR)
		return -EINTR;
	if (!file->pcap)
		return log_error(-EINVAL,
				 "%s is not a capture that can be read (%s); pcap and pcapng can, "
				 "plain or packed with gzip or zstd",
				 shown_path(file->path), why);
	file->stream = NULL;
	file->link_type = pcap_datalink(file->pcap);
	if (!link_type_is_known(file->link_type))
		return log_unknown_link_type(file, file->link_type, "frames");
	return 0;
}

static int open_stream(struct capture_file *file)
{
	uint32_t magic;

	errno = 0;
	magic = magic_of(file->stream);
	if (!magic && ferror(file->stream) && errno == EINTR)
		return -EINTR;
	if (magic != PCAPNG_MAGIC)
		return open_pcap(file);
	if (pcapng_reader_new(file->stream, &file->pcapng))
		return log_error(-ENOMEM, "not enough memory to open %s", shown_path(file->path));
	return 0;
}

int capture_file_open(const char *path, struct capture_file **ret)
{
	_cleanup_(capture_file_free) struct capture_file *file = calloc(1, sizeof(*file));
	int fd, err;

	if (!file)
		return log_error(-ENOMEM, "not enough memory to open %s", path);
	file->path = path;
	fd = open_fd(path, file);
	if (fd < 0)
		return fd;
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	err = packed_stream_open(fd, &file->stream);
	if (err) {
		close(fd);
		if (err == -EINTR)
			return err;
		return log_error(err, "cannot read %s: %s", shown_path(path), strerror(-err));
	}
	file->fd = fd;
	err = open_stream(file);
	if (err)
		return err;
	*ret = TAKE_PTR(file);
	return 0;
}

void capture_file_free(struct capture_file **file)
{
	if (!*file)
		return;
	if ((*file)->pcap)
		pcap_close((*file)->pcap);
	pcapng_reader_free(&(*file)->pcapng);
	if ((*file)->stream)
		fclose((*file)->stream);
	free(*file);
	*file = NULL;
}

/* Why nothing more can be read, in the reader's own words; only a cut is called one. */
static int log_unreadable(const struct capture_file *file, const char *why, bool is_cut)
{
	return log_error(-EBADMSG, "%s cannot be read to its end (%s); what comes before counts%s",
			 shown_path(file->path), why,
			 is_cut ? ", and it may have been cut while it was written or copied" : "");
}

static int next_of_pcap(struct capture_file *file, struct captured_packet *ret)
{
	struct pcap_pkthdr *head;
	const u_char *data;
	const char *why;
	int result;

	errno = 0;
	result = pcap_next_ex(file->pcap, &head, &data);
	if (result == PCAP_ERROR_BREAK)
		return 0;
	if (result != 1 && errno == EINTR)
		return -EINTR;
	if (result != 1) {
		why = pcap_geterr(file->pcap);
		return log_unreadable(file, why, strstr(why, "truncated") || errno == EBADMSG);
	}
	ret->data = data;
	ret->len = head->caplen;
	ret->wire_len = head->len;
	ret->link_type = file->link_type;
	/*
	 * With nanosecond precision tv_usec holds nanoseconds. The file's seconds are 32 bits
	 * without a sign, which libpcap takes for one with a sign: they go to 2106, not 2038.
	 */
	ret->time_ns = (uint64_t)(uint32_t)head->ts.tv_sec * CLOCK_NS_PER_SECOND +
		       (uint64_t)head->ts.tv_usec;
	return 1;
}

static int next_of_pcapng(struct capture_file *file, struct captured_packet *ret)
{
	struct pcapng_record record;
	int result = pcapng_reader_next(file->pcapng, &record);

	if (result == -EINTR || result == 0)
		return result;
	if (result < 0)
		return log_unreadable(file, pcapng_reader_error(file->pcapng), result == -EBADMSG);
	ret->data = record.data;
	ret->len = record.len;
	ret->wire_len = record.wire_len;
	ret->link_type = record.link_type;
	ret->time_ns = record.time_ns;
	return 1;
}

/* At the end: what was left out is said once. */
static int end_of(struct capture_file *file)
{
	char what[64];

	if (!file->left_out)
		return 0;
	snprintf(what, sizeof(what), "%llu packets", (unsigned long long)file->left_out);
	file->left_out = 0;
	return log_unknown_link_type(file, file->left_out_type, what);
}

int capture_file_next(struct capture_file *file, struct captured_packet *ret)
{
	int result;

	for (;;) {
		result = file->pcap ? next_of_pcap(file, ret) : next_of_pcapng(file, ret);
		if (!result)
			return end_of(file);
		if (result < 0)
			return result;
		ret->frame = ++file->frame;
		if (file->pcap || link_type_is_known(ret->link_type))
			return 1;
		if (!file->left_out++)
			file->left_out_type = ret->link_type;
	}
}

void capture_file_progress(const struct capture_file *file, uint64_t *done, uint64_t *size)
{
	off_t at = file->size ? lseek(file->fd, 0, SEEK_CUR) : 0;

	*done = at > 0 ? (uint64_t)at : 0;
	*size = file->size;
}
