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
#include "user/base/clock.h"
#include "user/base/log.h"
#include "user/replay/link_layer.h"
#include "user/replay/packed_stream.h"

struct capture_file {
	const char *path;
	FILE *stream; /* owned by `pcap` once that is there */
	pcap_t *pcap;
	int link_type;
	int fd; /* of the stream, for the progress alone */
	uint64_t size;
};

static const char *shown_path(const char *path)
{
	return strcmp(path, "-") ? path : "stdin";
}

static int open_fd(const char *path, struct capture_file *file)
{
	struct stat info;
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);

	if (fd < 0 && errno == EINTR)
		return -EINTR;
	if (fd < 0)
		return log_error(-errno, "cannot open %s: %s", path, strerror(errno));
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
	if (!link_type_is_known(file->link_type)) {
		const char *name = pcap_datalink_val_to_name(file->link_type);

		return log_error(-EINVAL,
				 "%s has frames of link type %d%s%s, which are not understood; "
				 "Ethernet, Linux cooked, raw IP, loopback, PPP and 802.11 are",
				 shown_path(file->path), file->link_type, name ? " " : "",
				 name ? name : "");
	}
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
	err = open_pcap(file);
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
	if ((*file)->stream)
		fclose((*file)->stream);
	free(*file);
	*file = NULL;
}

static int log_cut(const struct capture_file *file)
{
	return log_error(-EBADMSG,
			 "%s cannot be read to its end (%s); what comes before counts, and it may "
			 "have been cut while it was written or copied",
			 shown_path(file->path), pcap_geterr(file->pcap));
}

int capture_file_next(struct capture_file *file, struct captured_packet *ret)
{
	struct pcap_pkthdr *head;
	const u_char *data;
	int result;

	errno = 0;
	result = pcap_next_ex(file->pcap, &head, &data);
	if (result == PCAP_ERROR_BREAK)
		return 0;
	if (result != 1 && errno == EINTR)
		return -EINTR;
	if (result != 1)
		return log_cut(file);
	ret->data = data;
	ret->len = head->caplen;
	ret->wire_len = head->len;
	/* With nanosecond precision tv_usec holds nanoseconds. */
	ret->time_ns = (uint64_t)head->ts.tv_sec * CLOCK_NS_PER_SECOND + (uint64_t)head->ts.tv_usec;
	return 1;
}

int capture_file_link_type(const struct capture_file *file)
{
	return file->link_type;
}

const char *capture_file_path(const struct capture_file *file)
{
	return file->path;
}

void capture_file_progress(const struct capture_file *file, uint64_t *done, uint64_t *size)
{
	off_t at = file->size ? lseek(file->fd, 0, SEEK_CUR) : 0;

	*done = at > 0 ? (uint64_t)at : 0;
	*size = file->size;
}
