/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Makes TCP connections, over loopback unless told otherwise, and ends each in a known way, as fast
 * as one thread can.
 * A thread plays both ends in turn, so that no connection is left in an unknown state: every step
 * waits until the other end has seen the one before. Run it in a network namespace of its own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/connload.h"

#define THREADS_MAX 64
#define LISTENERS_MAX 16
#define PORT_FIRST 10240
#define PORT_COUNT 50000
#define CLOCK_EVERY 64

static const char *const ending_names[_ENDING_MAX] = {
#define X(id, name, client, server) [ENDING_##id] = name,
	CONNLOAD_ENDINGS(X)
#undef X
};

static const char *const ending_client_verdicts[_ENDING_MAX] = {
#define X(id, name, client, server) [ENDING_##id] = client,
	CONNLOAD_ENDINGS(X)
#undef X
};

static const char *const ending_server_verdicts[_ENDING_MAX] = {
#define X(id, name, client, server) [ENDING_##id] = server,
	CONNLOAD_ENDINGS(X)
#undef X
};

/* A mode goes round its endings: connection i ends as endings[i % count]. */
struct load_mode {
	const char *name;
	int count;
	enum connload_ending endings[_ENDING_MAX];
};

static const struct load_mode load_modes[] = {
	{ "aborted", 1, { ENDING_ABORTED } },
	{ "refused", 1, { ENDING_REFUSED } },
	{ "unread", 1, { ENDING_UNREAD } },
	{ "graceful", 1, { ENDING_GRACEFUL_CLIENT } },
	{ "mixed",
	  5,
	  { ENDING_ABORTED, ENDING_REFUSED, ENDING_UNREAD, ENDING_GRACEFUL_CLIENT,
	    ENDING_GRACEFUL_SERVER } },
	{ "resets", 3, { ENDING_ABORTED, ENDING_REFUSED, ENDING_UNREAD } },
};

struct load_options {
	const struct load_mode *mode;
	double seconds;
	uint64_t count;
	int threads;
	struct sockaddr_storage addr;
	socklen_t addr_size;
	int cpus[THREADS_MAX];
	int cpu_count;
	bool ephemeral;
	int server_netns; /* -1: all sockets are of the caller's namespace */
	struct sockaddr_storage via; /* where clients connect to; family 0: where the server is */
	FILE *expect;
};

struct load_worker {
	const struct load_options *options;
	pthread_t thread;
	int index;
	uint64_t share;
	int listeners[LISTENERS_MAX];
	int closed[LISTENERS_MAX];
	struct sockaddr_storage listener_addrs[LISTENERS_MAX];
	struct sockaddr_storage closed_addrs[LISTENERS_MAX];
	int listener_count;
	uint64_t next_tuple;
	uint64_t made[_ENDING_MAX];
	uint64_t skipped_tuples;
	int err;
	const char *failed_step;
};

static double clock_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int worker_fail(struct load_worker *worker, const char *step, int err)
{
	worker->failed_step = step;
	worker->err = err;
	return err;
}

static bool worker_is_ipv6(const struct load_worker *worker)
{
	return worker->options->addr.ss_family == AF_INET6;
}

static void sockaddr_port_set(struct sockaddr_storage *addr, uint16_t port)
{
	if (addr->ss_family == AF_INET6)
		((struct sockaddr_in6 *)addr)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)addr)->sin_port = htons(port);
}

/* Binds to a free port of the served address, listens if asked, and tells the address. */
static int server_socket_open(const struct load_options *options, bool listening,
			      struct sockaddr_storage *ret_addr)
{
	struct sockaddr_storage addr = options->addr;
	socklen_t size = options->addr_size;
	int fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	sockaddr_port_set(&addr, 0);
	if (bind(fd, (struct sockaddr *)&addr, size) || (listening && listen(fd, 1024)) ||
	    getsockname(fd, (struct sockaddr *)&addr, &size)) {
		int err = -errno;

		close(fd);
		return err;
	}
	*ret_addr = addr;
	return fd;
}

/* The sockets of the server are made in its namespace; a socket stays where it was made. */
static int worker_open_in_netns(struct load_worker *worker,
				int (*open_sockets)(struct load_worker *))
{
	int own, err;

	if (worker->options->server_netns < 0)
		return open_sockets(worker);
	own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (own < 0 || setns(worker->options->server_netns, CLONE_NEWNET))
		return worker_fail(worker, "enter the server's namespace", -errno);
	err = open_sockets(worker);
	if (setns(own, CLONE_NEWNET))
		err = worker_fail(worker, "leave the server's namespace", -errno);
	close(own);
	return err;
}

/*
 * IPv6 has one loopback address, so there the ports of the server vary instead of the client's
 * addresses. A closed port is one that is bound and does not listen: nobody else can open it.
 */
static int worker_open(struct load_worker *worker)
{
	int wanted = worker_is_ipv6(worker) ? LISTENERS_MAX : 1;

	for (int i = 0; i < wanted; i++) {
		worker->closed[i] = -1;
		worker->listener_count = i + 1;
		worker->listeners[i] =
			server_socket_open(worker->options, true, &worker->listener_addrs[i]);
		if (worker->listeners[i] < 0)
			return worker_fail(worker, "listen", worker->listeners[i]);
		worker->closed[i] =
			server_socket_open(worker->options, false, &worker->closed_addrs[i]);
		if (worker->closed[i] < 0)
			return worker_fail(worker, "bind a closed port", worker->closed[i]);
	}
	return 0;
}

static void worker_close(struct load_worker *worker)
{
	for (int i = 0; i < worker->listener_count; i++) {
		if (worker->listeners[i] >= 0)
			close(worker->listeners[i]);
		if (worker->closed[i] >= 0)
			close(worker->closed[i]);
	}
}

/*
 * Address and port of the next client, and the server port to use: no two connections of a run
 * share all four, so TIME_WAIT never gets in the way and every record can be told from the others.
 */
static int worker_tuple_next(struct load_worker *worker, struct sockaddr_storage *ret_source)
{
	uint64_t tuple = worker->next_tuple++;
	uint64_t lane = tuple / PORT_COUNT;

	*ret_source = worker->options->addr;
	if (!worker_is_ipv6(worker)) {
		struct sockaddr_in *in = (struct sockaddr_in *)ret_source;

		in->sin_addr.s_addr =
			htonl(127U << 24 | (uint32_t)(worker->index + 1) << 16 |
			      (uint32_t)(lane / 250 % 250) << 8 | (uint32_t)(lane % 250 + 1));
	}
	sockaddr_port_set(ret_source, (uint16_t)(PORT_FIRST + tuple % PORT_COUNT));
	return (int)(lane % (uint64_t)worker->listener_count);
}

/* Returns a bound, unconnected client socket. */
static int client_socket_open(struct load_worker *worker, enum connload_ending ending,
			      int *ret_listener)
{
	static const struct linger abortive = { .l_onoff = 1, .l_linger = 0 };
	const struct load_options *options = worker->options;
	int on = 1;
	int fd = socket(options->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return worker_fail(worker, "socket", -errno);
	if (ending == ENDING_ABORTED)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &abortive, sizeof(abortive));
	if (options->ephemeral) {
		*ret_listener = 0;
		return fd;
	}
	/* TIME_WAIT of an earlier run does not matter: that one had another server port. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	for (int attempt = 0; attempt < PORT_COUNT; attempt++) {
		struct sockaddr_storage source;
		int listener = worker_tuple_next(worker, &source);

		if (!bind(fd, (struct sockaddr *)&source, options->addr_size)) {
			*ret_listener = listener;
			return fd;
		}
		if (errno != EADDRINUSE)
			break;
		worker->skipped_tuples++;
	}
	worker_fail(worker, "bind a client", -errno);
	close(fd);
	return worker->err;
}

static int sockaddr_print(FILE *out, const struct sockaddr_storage *addr)
{
	char text[INET6_ADDRSTRLEN];

	if (addr->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;

		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
		return fprintf(out, "\t%s\t%u", text, ntohs(in6->sin6_port));
	}
	const struct sockaddr_in *in = (const struct sockaddr_in *)addr;

	inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
	return fprintf(out, "\t%s\t%u", text, ntohs(in->sin_port));
}

/* Two lines, one per side: verdict, role, local address and port, peer address and port. */
static void expect_write(const struct load_worker *worker, enum connload_ending ending, int client,
			 const struct sockaddr_storage *server)
{
	FILE *out = worker->options->expect;
	struct sockaddr_storage source;
	socklen_t size = sizeof(source);

	if (!out || getsockname(client, (struct sockaddr *)&source, &size))
		return;
	flockfile(out);
	fprintf(out, "%s\tclient", ending_client_verdicts[ending]);
	sockaddr_print(out, &source);
	sockaddr_print(out, server);
	/* No socket of this host takes part in a refusal on the server's side: no role there. */
	fprintf(out, "\n%s\t%s", ending_server_verdicts[ending],
		ending == ENDING_REFUSED ? "-" : "server");
	sockaddr_print(out, server);
	sockaddr_print(out, &source);
	fputc('\n', out);
	funlockfile(out);
}

/* Waits for the other end to be gone; 0 if that looked as wanted: a FIN (0) or an errno. */
static int end_await(struct load_worker *worker, int fd, int wanted)
{
	char byte;
	ssize_t size = read(fd, &byte, 1);
	int got = size < 0 ? errno : 0;

	if (size > 0)
		return worker_fail(worker, "data instead of an ending", -EPROTO);
	if (got != wanted)
		return worker_fail(worker, "the wrong ending", got ? -got : -EPROTO);
	return 0;
}

/* Ends an accepted connection; closes both sockets whatever happens. */
static int connection_end(struct load_worker *worker, enum connload_ending ending, int client,
			  int server)
{
	bool client_first = ending == ENDING_ABORTED || ending == ENDING_GRACEFUL_CLIENT;
	bool is_reset = ending == ENDING_ABORTED || ending == ENDING_UNREAD;
	char bytes[64] = { 0 };
	int err = 0;

	if (ending == ENDING_UNREAD) {
		if (write(client, bytes, sizeof(bytes)) != (ssize_t)sizeof(bytes))
			err = worker_fail(worker, "write", -errno);
		else if (recv(server, bytes, 1, MSG_PEEK) != 1)
			err = worker_fail(worker, "peek", -errno);
	}
	close(client_first ? client : server);
	if (!err)
		err = end_await(worker, client_first ? server : client, is_reset ? ECONNRESET : 0);
	close(client_first ? server : client);
	return err;
}

/* Makes one connection and ends it. */
/* The address of a socket of the server as the client has to call it. */
static struct sockaddr_storage address_to_call(const struct load_options *options,
					       const struct sockaddr_storage *addr)
{
	struct sockaddr_storage called = options->via;

	if (!called.ss_family)
		return *addr;
	sockaddr_port_set(&called, ntohs(((const struct sockaddr_in *)addr)->sin_port));
	return called;
}

static int connection_make(struct load_worker *worker, enum connload_ending ending)
{
	bool refused = ending == ENDING_REFUSED;
	struct sockaddr_storage addr;
	int listener = 0;
	int client, server, err;

	client = client_socket_open(worker, ending, &listener);
	if (client < 0)
		return client;
	addr = address_to_call(worker->options, refused ? &worker->closed_addrs[listener] :
							  &worker->listener_addrs[listener]);
	/* A refused socket forgets its address, so what is expected is written before connect. */
	expect_write(worker, ending, client, &addr);
	err = connect(client, (struct sockaddr *)&addr, worker->options->addr_size) ? errno : 0;
	if (err != (refused ? ECONNREFUSED : 0)) {
		close(client);
		return worker_fail(worker, "connect", err ? -err : -EISCONN);
	}
	if (refused) {
		close(client);
	} else {
		server = accept4(worker->listeners[listener], NULL, NULL, SOCK_CLOEXEC);
		if (server < 0) {
			close(client);
			return worker_fail(worker, "accept", -errno);
		}
		err = connection_end(worker, ending, client, server);
		if (err)
			return err;
	}
	worker->made[ending]++;
	return 0;
}

static void worker_pin(const struct load_worker *worker)
{
	const struct load_options *options = worker->options;
	cpu_set_t set;

	if (!options->cpu_count)
		return;
	CPU_ZERO(&set);
	CPU_SET(options->cpus[worker->index % options->cpu_count], &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		perror("connload: sched_setaffinity");
}

static void *worker_run(void *arg)
{
	struct load_worker *worker = arg;
	const struct load_mode *mode = worker->options->mode;
	double end = clock_seconds() + worker->options->seconds;

	worker_pin(worker);
	for (uint64_t i = 0; !worker->options->count || i < worker->share; i++) {
		if (worker->options->seconds > 0 && i % CLOCK_EVERY == 0 && clock_seconds() >= end)
			break;
		if (connection_make(worker, mode->endings[i % (uint64_t)mode->count]))
			break;
	}
	return NULL;
}

static void result_print(const struct load_options *options, const struct load_worker *workers,
			 double seconds)
{
	uint64_t made[_ENDING_MAX] = { 0 };
	uint64_t total = 0, skipped = 0;

	for (int i = 0; i < options->threads; i++) {
		for (int ending = 0; ending < _ENDING_MAX; ending++) {
			made[ending] += workers[i].made[ending];
			total += workers[i].made[ending];
		}
		skipped += workers[i].skipped_tuples;
	}
	printf("mode=%s threads=%d connections=%llu seconds=%.3f rate=%.0f", options->mode->name,
	       options->threads, (unsigned long long)total, seconds, (double)total / seconds);
	for (int ending = 0; ending < _ENDING_MAX; ending++)
		printf(" %s=%llu", ending_names[ending], (unsigned long long)made[ending]);
	printf(" skipped_tuples=%llu\n", (unsigned long long)skipped);
}

static int load_run(const struct load_options *options)
{
	static struct load_worker workers[THREADS_MAX];
	int started = 0, err = 0;
	double begin;

	for (int i = 0; i < options->threads && !err; i++) {
		uint64_t threads = (uint64_t)options->threads;

		workers[i].options = options;
		workers[i].index = i;
		workers[i].share =
			options->count / threads + ((uint64_t)i < options->count % threads);
		err = worker_open_in_netns(&workers[i], worker_open);
	}
	begin = clock_seconds();
	for (; started < options->threads && !err; started++)
		err = -pthread_create(&workers[started].thread, NULL, worker_run,
				      &workers[started]);
	if (err && started)
		started--;
	for (int i = 0; i < started; i++)
		pthread_join(workers[i].thread, NULL);
	if (started)
		result_print(options, workers, clock_seconds() - begin);
	for (int i = 0; i < options->threads; i++) {
		worker_close(&workers[i]);
		if (workers[i].err) {
			fprintf(stderr, "connload: thread %d: %s: %s\n", i, workers[i].failed_step,
				strerror(-workers[i].err));
			err = workers[i].err;
		}
	}
	return err;
}

static int address_parse(const char *text, struct sockaddr_storage *ret, socklen_t *ret_size)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		*ret_size = sizeof(*in);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		*ret_size = sizeof(*in6);
		return 0;
	}
	return -EINVAL;
}

static int cpus_parse(const char *text, struct load_options *options)
{
	for (options->cpu_count = 0; *text && options->cpu_count < THREADS_MAX; text++) {
		char *end;
		long cpu = strtol(text, &end, 10);

		if (end == text || cpu < 0 || cpu >= CPU_SETSIZE || (*end && *end != ','))
			return -EINVAL;
		options->cpus[options->cpu_count++] = (int)cpu;
		text = end;
		if (!*text)
			break;
	}
	return options->cpu_count ? 0 : -EINVAL;
}

static int mode_parse(const char *text, struct load_options *options)
{
	for (size_t i = 0; i < sizeof(load_modes) / sizeof(load_modes[0]); i++) {
		if (!strcmp(load_modes[i].name, text)) {
			options->mode = &load_modes[i];
			return 0;
		}
	}
	return -EINVAL;
}

static int option_apply(int option, struct load_options *options)
{
	switch (option) {
	case 'm':
		return mode_parse(optarg, options);
	case 's':
		options->seconds = strtod(optarg, NULL);
		return options->seconds > 0 ? 0 : -EINVAL;
	case 'n':
		options->count = strtoull(optarg, NULL, 10);
		return options->count ? 0 : -EINVAL;
	case 't':
		options->threads = atoi(optarg);
		return options->threads > 0 && options->threads <= THREADS_MAX ? 0 : -EINVAL;
	case 'a':
		return address_parse(optarg, &options->addr, &options->addr_size);
	case 'c':
		return cpus_parse(optarg, options);
	case 'e':
		options->ephemeral = true;
		return 0;
	case 'v':
		return address_parse(optarg, &options->via, &(socklen_t){ 0 });
	case 'N':
		options->server_netns = open(optarg, O_RDONLY | O_CLOEXEC);
		return options->server_netns < 0 ? -errno : 0;
	case 'x':
		options->expect = fopen(optarg, "we");
		return options->expect ? 0 : -errno;
	default:
		return -EINVAL;
	}
}

static const struct option load_option_table[] = {
	{ "mode", required_argument, NULL, 'm' },
	{ "seconds", required_argument, NULL, 's' },
	{ "count", required_argument, NULL, 'n' },
	{ "threads", required_argument, NULL, 't' },
	{ "addr", required_argument, NULL, 'a' },
	{ "cpus", required_argument, NULL, 'c' },
	{ "ephemeral", no_argument, NULL, 'e' },
	{ "server-netns", required_argument, NULL, 'N' },
	{ "via", required_argument, NULL, 'v' },
	{ "expect", required_argument, NULL, 'x' },
	{ NULL, 0, NULL, 0 },
};

static const char usage_text[] =
	"usage: connload --mode aborted|refused|unread|graceful|mixed|resets\n"
	"                --seconds S | --count N\n"
	"                [--threads T] [--addr 127.0.0.1|::1] [--cpus 0,1] [--ephemeral]\n"
	"                [--expect FILE | --server-netns FILE [--via ADDR]]\n"
	"  --cpus LIST    thread i runs on the i-th of these\n"
	"  --ephemeral    the kernel picks client ports, so tuples come again (default: all differ)\n"
	"  --server-netns FILE  the server's sockets are of that namespace, --addr an address there;\n"
	"                 the kernel picks all of the client's address\n"
	"  --via ADDR     clients connect there, where somebody translates it to the server's address\n"
	"  --expect FILE  write what must be said of each side of each connection, tab separated\n"
	"Prints one line of key=value; exit 1 if any connection did not end as it should.\n";

int main(int argc, char **argv)
{
	struct load_options options = { .threads = 1, .server_netns = -1 };
	int option, err;

	address_parse("127.0.0.1", &options.addr, &options.addr_size);
	while ((option = getopt_long(argc, argv, "", load_option_table, NULL)) != -1) {
		if (option_apply(option, &options)) {
			fputs(usage_text, stderr);
			return 2;
		}
	}
	if (!options.mode || optind != argc || (options.seconds > 0) == (options.count > 0) ||
	    ((options.ephemeral || options.server_netns >= 0) && options.expect)) {
		fputs(usage_text, stderr);
		return 2;
	}
	options.ephemeral |= options.server_netns >= 0;
	err = load_run(&options);
	if (options.expect && fclose(options.expect)) {
		perror("connload: the file of --expect");
		err = -EIO;
	}
	return err ? 1 : 0;
}
