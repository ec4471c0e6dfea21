// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/outlet/writer.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/clock.h"
#include "user/base/log.h"
#include "user/kernel/privilege.h"
#include "user/outlet/writer_file.h"

#define CHUNK_BYTES_MOST (512u * 1024)
#define CHUNKS_SPARE 2
#define RETRY_NS CLOCK_NS_PER_SECOND
/* How long one system call may keep the thread from looking whether it is to end. */
#define LOOK_MS 100
#define LOOK_NS (LOOK_MS * CLOCK_NS_PER_MS)
#define CLOSE_NS (100 * CLOCK_NS_PER_MS)
/* After an interruption, what waits without a deadline has so long. */
#define INTERRUPTED_NS (700 * CLOCK_NS_PER_MS)
#define STACK_BYTES (256u * 1024)
/* Interrupts a system call of the thread; ignored by default, so nobody's meaning is changed. */
#define WAKE_SIGNAL SIGURG

/* Where a record ends, and how many endings it stands for. */
struct mark {
	size_t end;
	uint64_t endings;
	bool is_grouped;
};

struct chunk {
	struct chunk *next;
	struct strbuf text;
	struct mark *marks;
	size_t count;
	size_t capacity;
};

/**
 * Of the caller alone: `current`, `mark`, `lost_here`. Of the thread alone: `file`. The others
 * belong to who has the lock.
 *
 * @queue      Passed on, the oldest first; `last` is its end. @writing is taken out of it.
 * @done       Bytes of `writing` that are out. @marks_done records of it that are whole.
 * @used       Bytes of memory of `queue` and `writing`; read without the lock, too.
 * @is_given_up  What was not written is counted: the thread must not count it again.
 */
struct writer {
	struct writer_options options;
	struct chunk *current;
	size_t mark;
	uint64_t lost_here[OUTLET_LOSS_COUNT];
	struct writer_file file;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more, less;
	struct chunk *queue, *last, *writing, *spare;
	size_t spare_count;
	size_t done, marks_done;
	size_t used;
	uint64_t written, grouped;
	uint64_t lost[OUTLET_LOSS_COUNT];
	int error;
	bool has_ended;
	bool has_thread, is_closing, is_given_up;
};

static volatile sig_atomic_t is_interrupted;

void writer_interrupt(void)
{
	is_interrupted = 1;
}

static void on_wake(int signal)
{
	(void)signal;
}

bool writer_has_ended(const struct writer *writer)
{
	return __atomic_load_n(&writer->has_ended, __ATOMIC_ACQUIRE);
}

bool writer_is_idle(const struct writer *writer)
{
	return !writer->current && !__atomic_load_n(&writer->used, __ATOMIC_RELAXED);
}

/* -- chunks ---------------------------------------------------------------------------------- */
static size_t chunk_bytes(const struct chunk *chunk)
{
	return sizeof(*chunk) + chunk->text.capacity + chunk->capacity * sizeof(struct mark);
}

static void chunk_free(struct chunk *chunk)
{
	if (!chunk)
		return;
	strbuf_release(&chunk->text);
	free(chunk->marks);
	free(chunk);
}

static void chunks_free(struct chunk *chunk)
{
	while (chunk) {
		struct chunk *next = chunk->next;

		chunk_free(chunk);
		chunk = next;
	}
}

static int chunk_add_mark(struct chunk *chunk, const struct mark *mark)
{
	if (chunk->count == chunk->capacity) {
		size_t wanted = chunk->capacity ? 2 * chunk->capacity : 32;
		struct mark *marks = reallocarray(chunk->marks, wanted, sizeof(*marks));

		if (!marks)
			return -ENOMEM;
		chunk->marks = marks;
		chunk->capacity = wanted;
	}
	chunk->marks[chunk->count++] = *mark;
	return 0;
}

static uint64_t chunk_endings(const struct chunk *chunk, size_t from)
{
	uint64_t endings = 0;

	for (size_t i = from; chunk && i < chunk->count; i++)
		endings += chunk->marks[i].endings;
	return endings;
}

/* Many small gulps must not take the memory of many chunks. False: it has to be passed on itself. */
static bool chunk_join(struct chunk *chunk, const struct chunk *more)
{
	size_t begin = chunk->text.len, count = chunk->count;

	if (begin + more->text.len > CHUNK_BYTES_MOST)
		return false;
	strbuf_append(&chunk->text, more->text.data, more->text.len);
	for (size_t i = 0; !chunk->text.failed && i < more->count; i++) {
		struct mark mark = more->marks[i];

		mark.end += begin;
		chunk->text.failed = chunk_add_mark(chunk, &mark) != 0;
	}
	if (!chunk->text.failed)
		return true;
	chunk->text.failed = false;
	chunk->text.len = begin;
	chunk->count = count;
	return false;
}

static void chunk_reset(struct chunk *chunk)
{
	strbuf_reset(&chunk->text);
	chunk->count = 0;
	chunk->next = NULL;
}

/* -- the thread, with the lock --------------------------------------------------------------- */
static void raise_event(const struct writer *writer)
{
	uint64_t one = 1;

	if (writer->options.event_fd >= 0 &&
	    write(writer->options.event_fd, &one, sizeof(one)) != sizeof(one))
		return; /* it is raised already */
}

/* Nothing of what waits will be written. */
static void give_up(struct writer *writer, enum outlet_loss loss)
{
	writer->lost[loss] += chunk_endings(writer->writing, writer->marks_done);
	for (struct chunk *chunk = writer->queue; chunk; chunk = chunk->next)
		writer->lost[loss] += chunk_endings(chunk, 0);
	chunks_free(writer->queue);
	writer->queue = writer->last = NULL;
	writer->is_given_up = true;
	__atomic_store_n(&writer->used, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&writer->has_ended, true, __ATOMIC_RELEASE);
	pthread_cond_broadcast(&writer->less);
	pthread_cond_broadcast(&writer->more);
}

static void take_progress(struct writer *writer, size_t bytes)
{
	const struct chunk *chunk = writer->writing;

	writer->done += bytes;
	while (writer->marks_done < chunk->count &&
	       chunk->marks[writer->marks_done].end <= writer->done) {
		const struct mark *mark = &chunk->marks[writer->marks_done++];

		writer->written += mark->endings;
		if (mark->is_grouped)
			writer->grouped += mark->endings;
	}
}

/* How much may go out before a file is full: to the end of the record that fills it. */
static size_t bytes_to_write(const struct writer *writer)
{
	const struct chunk *chunk = writer->writing;
	size_t room = writer_file_room(&writer->file);

	for (size_t i = writer->marks_done; room != SIZE_MAX && i < chunk->count; i++)
		if (chunk->marks[i].end - writer->done >= room)
			return chunk->marks[i].end - writer->done;
	return chunk->text.len - writer->done;
}

/* Where the file may be begun anew: before the first byte of a record. */
static bool is_between_records(const struct writer *writer)
{
	size_t at = writer->marks_done;

	return writer->done == (at ? writer->writing->marks[at - 1].end : 0);
}

static void wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, uint64_t deadline_ns)
{
	struct timespec deadline = {
		.tv_sec = (time_t)(deadline_ns / CLOCK_NS_PER_SECOND),
		.tv_nsec = (long)(deadline_ns % CLOCK_NS_PER_SECOND),
	};

	pthread_cond_timedwait(cond, lock, &deadline);
}

/* A failed write. True: try the same again. */
static bool take_failure(struct writer *writer, int err)
{
	uint64_t again_ns = clock_monotonic_ns() + RETRY_NS;

	writer->error = err;
	raise_event(writer);
	if (!writer->options.keeps_on) {
		give_up(writer, OUTLET_LOSS_FAILED);
		return false;
	}
	while (!writer->is_closing && !writer->is_given_up && clock_monotonic_ns() < again_ns)
		wait_until(&writer->more, &writer->lock, again_ns);
	return !writer->is_closing && !writer->is_given_up;
}

/* Comes and goes with the lock; has none while it writes. False: there is no more to do. */
static bool write_chunk(struct writer *writer)
{
	while (writer->done < writer->writing->text.len) {
		const char *data = writer->writing->text.data + writer->done;
		size_t len = bytes_to_write(writer);
		bool may_rotate = is_between_records(writer);
		ssize_t n = 0;

		pthread_mutex_unlock(&writer->lock);
		if (may_rotate)
			n = writer_file_rotate(&writer->file);
		if (!n)
			n = writer_file_write(&writer->file, data, len);
		if (n == -EAGAIN)
			writer_file_wait(&writer->file, LOOK_MS);
		pthread_mutex_lock(&writer->lock);
		if (writer->is_given_up)
			return false;
		if (n >= 0)
			take_progress(writer, (size_t)n);
		else if (n != -EAGAIN && n != -EINTR && !take_failure(writer, (int)n))
			return false;
	}
	return true;
}

static void finish_chunk(struct writer *writer)
{
	struct chunk *chunk = writer->writing;

	writer->writing = NULL;
	writer->done = writer->marks_done = 0;
	if (!writer->is_given_up)
		__atomic_fetch_sub(&writer->used, chunk_bytes(chunk), __ATOMIC_RELAXED);
	if (writer->spare_count < CHUNKS_SPARE) {
		chunk_reset(chunk);
		chunk->next = writer->spare;
		writer->spare = chunk;
		writer->spare_count++;
	} else {
		chunk_free(chunk);
	}
	pthread_cond_broadcast(&writer->less);
}

static void *writer_run(void *data)
{
	struct writer *writer = data;
	bool goes_on = true;
	int err;

	pthread_setname_np(pthread_self(), "closetrace-out");
	err = privilege_drop_in_writer(writer->file.max_bytes ? writer->file.path : NULL);
	if (err)
		log_warn("a writer keeps more privilege than needed: %s", strerror(-err));
	pthread_mutex_lock(&writer->lock);
	while (goes_on) {
		while (!writer->queue && !writer->is_closing)
			pthread_cond_wait(&writer->more, &writer->lock);
		if (writer->is_closing || writer->is_given_up)
			break;
		writer->writing = writer->queue;
		writer->queue = writer->queue->next;
		if (!writer->queue)
			writer->last = NULL;
		goes_on = write_chunk(writer);
		finish_chunk(writer);
	}
	pthread_mutex_unlock(&writer->lock);
	return NULL;
}

static int start_thread(struct writer *writer)
{
	struct sigaction wake = { .sa_handler = on_wake };
	pthread_attr_t attributes;
	sigset_t all, before;
	int err;

	sigaction(WAKE_SIGNAL, &wake, NULL);
	sigfillset(&all);
	sigdelset(&all, WAKE_SIGNAL);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&writer->thread, &attributes, writer_run, writer);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	writer->has_thread = !err;
	return -err;
}

/* -- the caller ------------------------------------------------------------------------------ */
int writer_open(const struct writer_options *options, struct writer **ret)
{
	_cleanup_(writer_close) struct writer *writer = calloc(1, sizeof(*writer));
	pthread_condattr_t attributes;
	int err;

	if (!writer)
		return -ENOMEM;
	writer->options = *options;
	writer->file.fd = -1;
	pthread_mutex_init(&writer->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&writer->more, &attributes);
	pthread_cond_init(&writer->less, &attributes);
	pthread_condattr_destroy(&attributes);
	err = writer_file_open(&writer->file, options->path, options->fd, options->max_bytes,
			       options->head);
	if (err)
		return err;
	/* The one that renames its file stays the user whose file it is: it begins before that changes. */
	if (writer->file.max_bytes) {
		err = start_thread(writer);
		if (err)
			return err;
	}
	if (options->head) {
		struct strbuf *text = writer_begin(writer, 0);

		if (!text)
			return -ENOMEM;
		strbuf_append(text, options->head->data, options->head->len);
		writer_end(writer, 0, false);
	}
	*ret = TAKE_PTR(writer);
	return 0;
}

void writer_lose(struct writer *writer, enum outlet_loss loss, uint64_t endings)
{
	writer->lost_here[loss] += endings;
}

static bool has_room(const struct writer *writer)
{
	size_t used = __atomic_load_n(&writer->used, __ATOMIC_RELAXED);

	return used + (writer->current ? chunk_bytes(writer->current) : 0) <
	       writer->options.queue_bytes;
}

static uint64_t cut_deadline(uint64_t deadline_ns)
{
	uint64_t soon_ns = clock_monotonic_ns() + INTERRUPTED_NS;

	return is_interrupted && soon_ns < deadline_ns ? soon_ns : deadline_ns;
}

/* False: interrupted, or ended. */
static bool wait_for_room(struct writer *writer)
{
	uint64_t deadline_ns = UINT64_MAX;
	bool is_there;

	writer_flush(writer);
	pthread_mutex_lock(&writer->lock);
	while (!(is_there = has_room(writer)) && !writer->has_ended) {
		uint64_t now_ns = clock_monotonic_ns();

		deadline_ns = cut_deadline(deadline_ns);
		if (now_ns >= deadline_ns)
			break;
		wait_until(&writer->less, &writer->lock, now_ns + LOOK_NS);
	}
	pthread_mutex_unlock(&writer->lock);
	return is_there && !writer->has_ended;
}

static struct chunk *current_chunk(struct writer *writer)
{
	if (writer->current)
		return writer->current;
	pthread_mutex_lock(&writer->lock);
	if (writer->spare) {
		writer->current = writer->spare;
		writer->spare = writer->current->next;
		writer->current->next = NULL;
		writer->spare_count--;
	}
	pthread_mutex_unlock(&writer->lock);
	if (!writer->current)
		writer->current = calloc(1, sizeof(*writer->current));
	return writer->current;
}

struct strbuf *writer_begin(struct writer *writer, uint64_t endings)
{
	enum outlet_loss loss = OUTLET_LOSS_FULL;

	if (!has_room(writer) && !(writer->options.waits && wait_for_room(writer)))
		goto lost;
	loss = OUTLET_LOSS_FAILED;
	if (writer_has_ended(writer))
		goto lost;
	loss = OUTLET_LOSS_MEMORY;
	if (!current_chunk(writer))
		goto lost;
	writer->mark = writer->current->text.len;
	return &writer->current->text;
lost:
	writer_lose(writer, loss, endings);
	return NULL;
}

void writer_end(struct writer *writer, uint64_t endings, bool is_grouped)
{
	struct chunk *chunk = writer->current;
	struct mark mark = { chunk->text.len, endings, is_grouped };

	if (chunk->text.failed || chunk_add_mark(chunk, &mark)) {
		chunk->text.failed = false;
		chunk->text.len = writer->mark;
		if (chunk->text.data)
			chunk->text.data[writer->mark] = '\0';
		writer_lose(writer, OUTLET_LOSS_MEMORY, endings);
		return;
	}
	if (chunk->text.len >= WRITER_CHUNK_BYTES ||
	    chunk->text.len >= writer->options.queue_bytes / 4)
		writer_flush(writer);
}

/* With the lock. */
static void pass_on(struct writer *writer)
{
	struct chunk *chunk = writer->current;
	size_t before;

	if (writer->last) {
		before = chunk_bytes(writer->last);
		if (chunk_join(writer->last, chunk)) {
			__atomic_fetch_add(&writer->used, chunk_bytes(writer->last) - before,
					   __ATOMIC_RELAXED);
			chunk_reset(chunk);
			return;
		}
		writer->last->next = chunk;
	} else {
		writer->queue = chunk;
	}
	writer->last = chunk;
	writer->current = NULL;
	__atomic_fetch_add(&writer->used, chunk_bytes(chunk), __ATOMIC_RELAXED);
	pthread_cond_signal(&writer->more);
}

void writer_flush(struct writer *writer)
{
	struct chunk *chunk = writer->current;
	int err;

	if (!chunk || !chunk->text.len)
		return;
	pthread_mutex_lock(&writer->lock);
	if (!writer->has_thread && !writer->has_ended) {
		err = start_thread(writer);
		if (err) {
			writer->error = err;
			raise_event(writer);
			give_up(writer, OUTLET_LOSS_FAILED);
		}
	}
	if (writer->has_ended) {
		writer->lost[writer->error ? OUTLET_LOSS_FAILED : OUTLET_LOSS_LATE] +=
			chunk_endings(chunk, 0);
		chunk_reset(chunk);
	} else {
		pass_on(writer);
	}
	pthread_mutex_unlock(&writer->lock);
}

void writer_drain(struct writer *writer, uint64_t deadline_ns)
{
	writer_flush(writer);
	pthread_mutex_lock(&writer->lock);
	while (!writer->has_ended && (writer->queue || writer->writing)) {
		uint64_t now_ns = clock_monotonic_ns(), look_ns = now_ns + LOOK_NS;

		deadline_ns = cut_deadline(deadline_ns);
		if (now_ns >= deadline_ns) {
			give_up(writer, writer->error ? OUTLET_LOSS_FAILED : OUTLET_LOSS_LATE);
			break;
		}
		wait_until(&writer->less, &writer->lock,
			   look_ns < deadline_ns ? look_ns : deadline_ns);
	}
	pthread_mutex_unlock(&writer->lock);
}

void writer_account(const struct writer *writer, struct outlet_account *ret)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)&writer->lock;

	pthread_mutex_lock(lock);
	ret->written = writer->written;
	ret->grouped = writer->grouped;
	ret->error = writer->error;
	ret->has_ended = writer->has_ended;
	for (int i = 0; i < OUTLET_LOSS_COUNT; i++)
		ret->lost[i] = writer->lost[i] + writer->lost_here[i];
	pthread_mutex_unlock(lock);
}

unsigned int writer_rotations(const struct writer *writer)
{
	return writer->file.rotations;
}

/* False: it is in a system call that nothing can interrupt. */
static bool end_thread(struct writer *writer)
{
	uint64_t deadline_ns = clock_monotonic_ns() + CLOSE_NS;
	struct timespec next;

	if (!writer->has_thread)
		return true;
	pthread_mutex_lock(&writer->lock);
	writer->is_closing = true;
	if (!writer->is_given_up)
		give_up(writer, OUTLET_LOSS_LATE);
	pthread_mutex_unlock(&writer->lock);
	do {
		pthread_kill(writer->thread, WAKE_SIGNAL);
		clock_gettime(CLOCK_REALTIME, &next);
		next.tv_nsec += 5 * (long)CLOCK_NS_PER_MS;
		if (next.tv_nsec >= (long)CLOCK_NS_PER_SECOND) {
			next.tv_nsec -= (long)CLOCK_NS_PER_SECOND;
			next.tv_sec++;
		}
		if (!pthread_timedjoin_np(writer->thread, NULL, &next))
			return true;
	} while (clock_monotonic_ns() < deadline_ns);
	pthread_detach(writer->thread);
	return false;
}

void writer_close(struct writer **writer)
{
	struct writer *gone = *writer;

	*writer = NULL;
	if (!gone || !end_thread(gone))
		return;
	writer_file_release(&gone->file);
	chunk_free(gone->current);
	chunks_free(gone->queue);
	chunks_free(gone->spare);
	pthread_mutex_destroy(&gone->lock);
	pthread_cond_destroy(&gone->more);
	pthread_cond_destroy(&gone->less);
	free(gone);
}
