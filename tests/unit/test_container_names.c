// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The files that the runtimes write, as docker 20.10, podman 4.3 and containerd 1.6 write them. */
#include "user/enrich/container_names.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "user/base/clock.h"

#define A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define B "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define T0 UINT64_C(1000000000000)
#define MS CLOCK_NS_PER_MS

#define DOCKER_FILE "docker/containers/" A "/config.v2.json"
#define PODMAN_FILE "storage/overlay-containers/containers.json"
#define TASKS "state/io.containerd.runtime.v2.task/"
#define CRI_FILE TASKS "k8s.io/" A "/config.json"
#define CRIO_FILE "run/overlay-containers/" A "/userdata/config.json"

#define DOCKER_PATH "/docker/" A
#define PODMAN_PATH "/libpod_parent/libpod-" A
#define CRI_PATH "/kubepods/burstable/podx/" A
#define CRIO_PATH "/kubepods/burstable/podx/crio-" A

static char root[64];
static struct container_names *names;

static int file_remove(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void folder_empty(void)
{
	if (root[0])
		nftw(root, file_remove, 16, FTW_DEPTH | FTW_PHYS);
	root[0] = '\0';
}

static const char *full(const char *file)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", root, file);
	return path;
}

static void file_write(const char *file, const void *bytes, size_t size)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s", full(file));
	for (char *slash = strchr(path + strlen(root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	close(fd);
}

/* As the runtimes do it: a new file takes the place of the old one. */
static void file_move(const char *from, const char *to)
{
	char path[512];

	snprintf(path, sizeof(path), "%s", full(from));
	assert_int_equal(rename(path, full(to)), 0);
}

#define FILE_IS(file, text) file_write(file, text, sizeof(text) - 1)

/* Every case has an empty folder and a new object. */
static void start(void)
{
	struct container_places places = { .storage_driver = "overlay", .owner = geteuid() };

	folder_empty();
	snprintf(root, sizeof(root), "/tmp/ct_names_XXXXXX");
	assert_non_null(mkdtemp(root));
	snprintf(places.docker_root, sizeof(places.docker_root), "%s/docker", root);
	snprintf(places.containerd_state, sizeof(places.containerd_state), "%s/state", root);
	snprintf(places.storage_root, sizeof(places.storage_root), "%s/storage", root);
	snprintf(places.storage_run, sizeof(places.storage_run), "%s/run", root);
	container_names_free(&names);
	assert_int_equal(container_names_new(&places, &names), 0);
}

static const struct container *look(const char *path)
{
	return container_names_lookup(names, path, T0);
}

static const struct container *found(const char *path, uint8_t runtime)
{
	const struct container *container = look(path);

	assert_non_null(container);
	assert_int_equal(container->runtime, runtime);
	assert_true(container_names_is_final(names, path, T0));
	return container;
}

TEST(docker)
{
	const struct container *c;

	start();
	FILE_IS(DOCKER_FILE,
		"{\"StreamConfig\":{},\"State\":{\"Running\":true,\"Pid\":4711},\"ID\":\"" A "\","
		"\"Created\":\"2026-03-04T05:06:07.8Z\",\"Args\":[],\"Config\":{\"Hostname\":\"h\","
		"\"Labels\":{}},\"Image\":\"sha256:1\",\"Name\":\"/web\",\"Driver\":\"overlay2\"}");
	c = found(DOCKER_PATH, CONTAINER_RUNTIME_DOCKER);
	assert_string_equal(c->id, A);
	assert_string_equal(c->name, "web");
	assert_null(c->pod);
	assert_null(c->pod_namespace);
	c = found("/system.slice/docker-" A ".scope", CONTAINER_RUNTIME_DOCKER);
	assert_string_equal(c->name, "web");
}

TEST(docker_below_kubernetes)
{
	const struct container *c;

	start();
	FILE_IS(DOCKER_FILE,
		"{\"Name\":\"/k8s_app_web-7d9f_shop_uid_0\",\"Config\":{\"Labels\":{"
		"\"io.kubernetes.container.name\":\"app\",\"io.kubernetes.pod.name\":\"web-7d9f\","
		"\"io.kubernetes.pod.namespace\":\"shop\"}}}");
	c = found(CRI_PATH, CONTAINER_RUNTIME_DOCKER);
	assert_string_equal(c->name, "app");
	assert_string_equal(c->pod, "web-7d9f");
	assert_string_equal(c->pod_namespace, "shop");
}

TEST(podman)
{
	start();
	FILE_IS(PODMAN_FILE,
		"[{\"id\":\"" B "\",\"names\":[\"other\"],\"image\":\"d5\",\"layer\":\"bf\"},"
		"{\"id\":\"" A
		"\",\"names\":[\"job-1_x.y\",\"alias\"],\"image\":\"d5\",\"metadata\":"
		"\"{\\\"image-name\\\":\\\"localhost/t:latest\\\",\\\"name\\\":\\\"job\\\"}\"}]");
	assert_string_equal(found(PODMAN_PATH, CONTAINER_RUNTIME_PODMAN)->name, "job-1_x.y");
	assert_string_equal(found("/libpod_parent/libpod-" B, CONTAINER_RUNTIME_PODMAN)->name,
			    "other");
}

TEST(a_changed_list_of_podman_is_read_again)
{
	start();
	FILE_IS(PODMAN_FILE, "[]");
	assert_null(look(PODMAN_PATH)->name);
	FILE_IS(PODMAN_FILE "-new", "[{\"id\":\"" A "\",\"names\":[\"one\"]}]");
	file_move(PODMAN_FILE "-new", PODMAN_FILE);
	assert_false(container_names_retry(names, T0 + 100 * MS));
	assert_string_equal(look(PODMAN_PATH)->name, "one");
}

TEST(podman_with_another_storage_driver_and_with_a_transient_store)
{
	start();
	FILE_IS("storage/vfs-containers/containers.json",
		"[{\"id\":\"" A "\",\"names\":[\"in-vfs\"]}]");
	FILE_IS("run/overlay-containers/volatile-containers.json",
		"[{\"id\":\"" B "\",\"names\":[\"gone-at-boot\"]}]");
	assert_string_equal(look(PODMAN_PATH)->name, "in-vfs");
	assert_string_equal(look("/libpod_parent/libpod-" B)->name, "gone-at-boot");
}

TEST(kubernetes_with_containerd)
{
	const struct container *c;

	start();
	FILE_IS(CRI_FILE,
		"{\"ociVersion\":\"1.0.2-dev\",\"process\":{\"args\":[\"nginx\"]},\"annotations\":{"
		"\"io.kubernetes.cri.container-name\":\"app\","
		"\"io.kubernetes.cri.container-type\":\"container\","
		"\"io.kubernetes.cri.image-name\":\"docker.io/library/nginx:1\","
		"\"io.kubernetes.cri.sandbox-id\":\"" B "\","
		"\"io.kubernetes.cri.sandbox-name\":\"web-7d9f\","
		"\"io.kubernetes.cri.sandbox-namespace\":\"shop\","
		"\"io.kubernetes.cri.sandbox-uid\":\"u\"}}");
	c = found(CRI_PATH, CONTAINER_RUNTIME_CONTAINERD);
	assert_string_equal(c->name, "app");
	assert_string_equal(c->pod, "web-7d9f");
	assert_string_equal(c->pod_namespace, "shop");
	c = found("/kubepods.slice/kubepods-podx.slice/cri-containerd-" A ".scope",
		  CONTAINER_RUNTIME_CONTAINERD);
	assert_string_equal(c->pod, "web-7d9f");
}

TEST(kubernetes_with_cri_o)
{
	const struct container *c;

	start();
	FILE_IS(CRIO_FILE, "{\"annotations\":{\"io.kubernetes.container.name\":\"app\","
			   "\"io.kubernetes.pod.name\":\"web-7d9f\","
			   "\"io.kubernetes.pod.namespace\":\"shop\"}}");
	c = found(CRIO_PATH, CONTAINER_RUNTIME_CRIO);
	assert_string_equal(c->name, "app");
	assert_string_equal(c->pod, "web-7d9f");
	assert_string_equal(c->pod_namespace, "shop");
}

TEST(a_container_of_ctr_is_named_by_its_id_and_exists_only_with_its_state)
{
	start();
	assert_null(look("/default/cnt1"));
	FILE_IS(TASKS "default/cnt2/config.json",
		"{\"ociVersion\":\"1.0.2\",\"annotations\":null}");
	assert_string_equal(found("/default/cnt2", CONTAINER_RUNTIME_CONTAINERD)->name, "cnt2");
	FILE_IS(TASKS "default/" A "/config.json", "{\"annotations\":{\"nerdctl/name\":\"shop\"}}");
	assert_string_equal(
		found("/system.slice/nerdctl-" A ".scope", CONTAINER_RUNTIME_NERDCTL)->name,
		"shop");
	assert_string_equal(found("/default/" A, CONTAINER_RUNTIME_CONTAINERD)->name, "shop");
}

TEST(no_container_has_no_entry)
{
	start();
	assert_null(look(NULL));
	assert_null(look("/"));
	assert_null(look("/system.slice/nginx.service"));
	assert_true(container_names_is_final(names, "/system.slice/nginx.service", T0));
	assert_false(container_names_retry(names, T0 + 1000 * MS));
}

TEST(a_file_that_comes_late_is_found_by_a_retry)
{
	start();
	assert_null(look(DOCKER_PATH)->name);
	assert_string_equal(look(DOCKER_PATH)->id, A);
	assert_false(container_names_is_final(names, DOCKER_PATH, T0));
	assert_true(container_names_retry(names, T0 + 50 * MS));
	FILE_IS(DOCKER_FILE, "{\"Name\":\"/late\"}");
	/* Not yet its time. */
	assert_true(container_names_retry(names, T0 + 99 * MS));
	assert_null(look(DOCKER_PATH)->name);
	assert_false(container_names_retry(names, T0 + 100 * MS));
	assert_string_equal(look(DOCKER_PATH)->name, "late");
}

TEST(a_guess_that_is_confirmed_late_becomes_a_container)
{
	start();
	assert_null(look("/default/cnt1"));
	FILE_IS(TASKS "default/cnt1/config.json", "{}");
	assert_false(container_names_retry(names, T0 + 100 * MS));
	assert_string_equal(look("/default/cnt1")->name, "cnt1");
}

TEST(after_three_tries_it_is_left_at_that)
{
	start();
	assert_null(look(DOCKER_PATH)->name);
	assert_true(container_names_retry(names, T0 + 100 * MS));
	assert_true(container_names_retry(names, T0 + 499 * MS));
	assert_false(container_names_retry(names, T0 + 500 * MS));
	assert_true(container_names_is_final(names, DOCKER_PATH, T0));
	FILE_IS(DOCKER_FILE, "{\"Name\":\"/late\"}");
	assert_false(container_names_retry(names, T0 + 5000 * MS));
	assert_null(look(DOCKER_PATH)->name);
}

TEST(a_name_once_read_outlives_its_file)
{
	start();
	FILE_IS(DOCKER_FILE, "{\"Name\":\"/short\"}");
	assert_string_equal(look(DOCKER_PATH)->name, "short");
	assert_int_equal(unlink(full(DOCKER_FILE)), 0);
	assert_string_equal(look(DOCKER_PATH)->name, "short");
}

static const char *const broken[] = {
	"",
	"{",
	"[]",
	"null",
	"\"Name\"",
	"{\"Name\":\"/x\"",
	"\xff",
	"\x00\x01",
	"{\"Name\":}",
	"{'Name':'/x'}",
	"{\"Name\":\"\xff\xfe\"}",
};

TEST(broken_json_leaves_the_name_unknown_and_is_tried_again)
{
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		start();
		file_write(DOCKER_FILE, broken[i], strlen(broken[i]) + !*broken[i]);
		assert_null(look(DOCKER_PATH)->name);
		assert_false(container_names_is_final(names, DOCKER_PATH, T0));
	}
}

/* Valid JSON of another shape: confirmed, but nothing is known. */
static const char *const shapes[] = {
	"{}",
	"{\"Name\":null}",
	"{\"Name\":7,\"Config\":[]}",
	"{\"Name\":[\"/x\"],\"Config\":{\"Labels\":\"x\"}}",
	"{\"Name\":\"\",\"Config\":{\"Labels\":{\"io.kubernetes.pod.name\":{}}}}",
	"{\"name\":\"/x\"}",
};

TEST(unexpected_types_give_null)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const struct container *c;

		start();
		file_write(DOCKER_FILE, shapes[i], strlen(shapes[i]));
		c = found(DOCKER_PATH, CONTAINER_RUNTIME_DOCKER);
		assert_null(c->name);
		assert_null(c->pod);
	}
}

static const char *const podman_shapes[] = {
	"{}",
	"[null,7,\"x\",[]]",
	"[{\"id\":7}]",
	"[{\"id\":\"" A "x\",\"names\":[\"no\"]}]",
};

TEST(a_list_of_unexpected_items_gives_no_name)
{
	for (size_t i = 0; i < sizeof(podman_shapes) / sizeof(podman_shapes[0]); i++) {
		start();
		file_write(PODMAN_FILE, podman_shapes[i], strlen(podman_shapes[i]));
		assert_null(look(PODMAN_PATH)->name);
	}
	start();
	FILE_IS(PODMAN_FILE, "[{\"id\":\"" A "\",\"names\":{}}]");
	assert_null(found(PODMAN_PATH, CONTAINER_RUNTIME_PODMAN)->name);
}

TEST(a_name_keeps_its_bytes_but_no_nul)
{
	start();
	FILE_IS(DOCKER_FILE, "{\"Name\":\"/\\u001b[2J\\n\\\"<\\u202e\\u0000end\"}");
	assert_string_equal(look(DOCKER_PATH)->name, "\033[2J\n\"<\xe2\x80\xae\xef\xbf\xbd"
						     "end");
}

TEST(a_long_name_is_cut_between_characters)
{
	char text[2048] = "{\"Name\":\"";
	size_t len = strlen(text);

	start();
	for (int i = 0; i < 500; i++, len += 2)
		memcpy(text + len, "\xc3\xa9", 2);
	memcpy(text + len, "\"}", 2);
	file_write(DOCKER_FILE, text, len + 2);
	assert_int_equal(strlen(look(DOCKER_PATH)->name), 252);
}

TEST(a_huge_file_is_refused)
{
	start();
	FILE_IS(DOCKER_FILE, "{\"Name\":\"/big\"}");
	assert_int_equal(truncate(full(DOCKER_FILE), (off_t)1 << 40), 0);
	assert_null(look(DOCKER_PATH)->name);
}

TEST(deep_nesting_is_refused)
{
	static char text[500000];

	start();
	memset(text, '[', sizeof(text));
	file_write(DOCKER_FILE, text, sizeof(text));
	assert_null(look(DOCKER_PATH)->name);
}

TEST(a_link_a_fifo_and_a_folder_are_not_read)
{
	start();
	FILE_IS("secret", "{\"Name\":\"/secret\"}");
	FILE_IS(DOCKER_FILE, "{}");
	unlink(full(DOCKER_FILE));
	assert_int_equal(symlink("../../../secret", full(DOCKER_FILE)), 0);
	assert_null(look(DOCKER_PATH)->name);
	unlink(full(DOCKER_FILE));
	assert_int_equal(mkfifo(full(DOCKER_FILE), 0600), 0);
	container_names_retry(names, T0 + 100 * MS);
	unlink(full(DOCKER_FILE));
	assert_int_equal(mkdir(full(DOCKER_FILE), 0700), 0);
	container_names_retry(names, T0 + 500 * MS);
	assert_null(look(DOCKER_PATH)->name);
}

/* Nobody's cgroups may make it grow without end. */
TEST(many_containers_push_out_the_oldest)
{
	char path[128];

	start();
	FILE_IS(DOCKER_FILE, "{\"Name\":\"/first\"}");
	assert_string_equal(look(DOCKER_PATH)->name, "first");
	unlink(full(DOCKER_FILE));
	for (unsigned int i = 0; i < 4095; i++) {
		snprintf(path, sizeof(path), "/docker/%064x", i);
		assert_non_null(look(path));
	}
	assert_string_equal(look(DOCKER_PATH)->name, "first");
	assert_non_null(look("/docker/" B));
	assert_null(look(DOCKER_PATH)->name);
	assert_true(container_names_retry(names, T0 + 100 * MS));
	assert_false(container_names_retry(names, T0 + 500 * MS));
}

TEST(places_come_from_the_runtimes_own_configuration)
{
	struct container_places places = { .owner = geteuid() };
	char docker[512], storage[512];

	start();
	container_places_read(&places, NULL, NULL, NULL);
	assert_string_equal(places.docker_root, "/var/lib/docker");
	assert_string_equal(places.storage_root, "/var/lib/containers/storage");
	FILE_IS("daemon.json", "{\"data-root\":\"/srv/docker/\",\"debug\":true}");
	FILE_IS("storage.conf",
		"# a comment\n[storage]\n  driver = \"btrfs\"\n"
		"#graphroot = \"/wrong\"\ngraphroot='/srv/c'\nrunroot = \"relative\"\n"
		"[storage.options]\nrunroot = \"/wrong\"\n");
	snprintf(docker, sizeof(docker), "%s", full("daemon.json"));
	snprintf(storage, sizeof(storage), "%s", full("storage.conf"));
	container_places_read(&places, docker, storage, NULL);
	assert_string_equal(places.docker_root, "/srv/docker");
	assert_string_equal(places.storage_root, "/srv/c");
	assert_string_equal(places.storage_run, "/run/containers/storage");
	assert_string_equal(places.storage_driver, "btrfs");
	FILE_IS("daemon.json", "{\"data-root\":7");
	FILE_IS("storage.conf", "[storage]\ndriver=\"../x\"\ngraphroot=\"/unterminated\n");
	container_places_read(&places, docker, storage, NULL);
	assert_string_equal(places.docker_root, "/var/lib/docker");
	assert_string_equal(places.storage_root, "/var/lib/containers/storage");
	assert_string_equal(places.storage_driver, "overlay");
}

/* A running daemon, in a folder that looks like /proc. `words` have NUL bytes between them. */
static void daemon_make(const char *pid, const char *comm, const char *words, size_t size)
{
	char name[128];

	snprintf(name, sizeof(name), "%s/comm", pid);
	file_write(name, comm, strlen(comm));
	snprintf(name, sizeof(name), "%s/cmdline", pid);
	file_write(name, words, size);
	snprintf(name, sizeof(name), "%s/status", pid);
	file_write(name, "Name:\tdockerd\nUid:\t0\t0\t0\t0\nGid:\t0\n",
		   strlen("Name:\tdockerd\nUid:\t0\t0\t0\t0\nGid:\t0\n"));
	snprintf(name, sizeof(name), "%s/cgroup", pid);
	file_write(name, "0::/cgroups/admin\n", strlen("0::/cgroups/admin\n"));
}

static void daemon_links(const char *pid, const char *file, const char *target)
{
	char name[128];

	snprintf(name, sizeof(name), "%s/ns/unused", pid);
	file_write(name, "", 0);
	snprintf(name, sizeof(name), "%s/%s", pid, file);
	unlink(full(name));
	assert_int_equal(symlink(target, full(name)), 0);
}

static void daemon_has_mounts_of(const char *pid, const char *target)
{
	daemon_links(pid, "ns/mnt", target);
}

static void daemon_runs(const char *pid, const char *file)
{
	char target[512];

	snprintf(target, sizeof(target), "%s", full(file));
	daemon_links(pid, "exe", target);
}

static void docker_root_is(const char *expected)
{
	struct container_places places = {};
	char proc[512];

	snprintf(places.cgroup_mount, sizeof(places.cgroup_mount), "%s", root);
	snprintf(proc, sizeof(proc), "%s", full("proc"));
	container_places_read(&places, NULL, NULL, proc);
	assert_string_equal(places.docker_root, expected);
}

TEST(a_running_docker_daemon_says_where_its_files_are)
{
	static const char words[] = "/usr/bin/dockerd\0-H\0fd://\0--data-root\0/srv/daemon/";
	static const char last[] = "dockerd\0--data-root";

	if (geteuid())
		return; /* a daemon is root's */
	start();
	FILE_IS("bin/dockerd", "#!");
	daemon_make("proc/71", "notdockerd\n", words, sizeof(words));
	daemon_has_mounts_of("proc/71", "/proc/self/ns/mnt");
	daemon_runs("proc/71", "bin/dockerd");
	daemon_make("proc/72", "dockerd\n", words, sizeof(words));
	daemon_has_mounts_of("proc/72", "/proc/self/ns/net"); /* that is: somewhere else */
	daemon_runs("proc/72", "bin/dockerd");
	daemon_make("proc/73", "dockerd\n", last, sizeof(last));
	daemon_has_mounts_of("proc/73", "/proc/self/ns/mnt");
	daemon_runs("proc/73", "bin/dockerd");
	docker_root_is("/var/lib/docker");
	daemon_has_mounts_of("proc/72", "/proc/self/ns/mnt");
	docker_root_is("/srv/daemon");
	daemon_make("proc/72", "dockerd\n", "dockerd\0--data-root=/srv/other", 31);
	docker_root_is("/srv/other");
}

TEST(what_only_calls_itself_dockerd_is_not_asked)
{
	static const char words[] = "dockerd\0--data-root\0/srv/evil";

	if (geteuid())
		return;
	start();
	FILE_IS("bin/dockerd", "#!");
	FILE_IS("bin/su", "#!");
	FILE_IS("home/dockerd", "#!");
	FILE_IS("cgroups/admin/unused", "");
	FILE_IS("cgroups/user/sub/unused", "");
	daemon_make("proc/72", "dockerd\n", words, sizeof(words));
	daemon_has_mounts_of("proc/72", "/proc/self/ns/mnt");
	/* Another program of root's, by the name of a link. */
	daemon_runs("proc/72", "bin/su");
	docker_root_is("/var/lib/docker");
	/* Somebody's own file, of the right name. */
	assert_int_equal(chown(full("home/dockerd"), 65534, 65534), 0);
	daemon_runs("proc/72", "home/dockerd");
	docker_root_is("/var/lib/docker");
	/* Root's, where others can put what they like. */
	assert_int_equal(chown(full("home/dockerd"), 0, 0), 0);
	assert_int_equal(chmod(full("home"), 0777), 0);
	docker_root_is("/var/lib/docker");
	/* It would be believed, but for the user who started it, */
	daemon_runs("proc/72", "bin/dockerd");
	docker_root_is("/srv/evil");
	FILE_IS("proc/72/status", "Name:\tdockerd\nUid:\t65534\t0\t0\t0\n");
	docker_root_is("/var/lib/docker");
	FILE_IS("proc/72/status", "Name:\tdockerd\nUid:\t0\t0\t0\t0\n");
	docker_root_is("/srv/evil");
	/* and for the user who owns its cgroup. */
	assert_int_equal(chown(full("cgroups/user"), 65534, 65534), 0);
	FILE_IS("proc/72/cgroup", "1:name=systemd:/\n0::/cgroups/user/sub\n");
	docker_root_is("/var/lib/docker");
}

TEST(files_that_others_could_have_put_there_are_not_read)
{
	if (geteuid())
		return;
	start();
	FILE_IS(DOCKER_FILE, "{\"Name\":\"/planted\"}");
	assert_int_equal(chmod(full("docker"), 0777), 0);
	assert_null(look(DOCKER_PATH)->name);
	start();
	FILE_IS(DOCKER_FILE, "{\"Name\":\"/planted\"}");
	assert_int_equal(chown(full("docker/containers"), 65534, 65534), 0);
	assert_null(look(DOCKER_PATH)->name);
	start();
	FILE_IS(DOCKER_FILE, "{\"Name\":\"/planted\"}");
	assert_int_equal(chmod(full(DOCKER_FILE), 0666), 0);
	assert_null(look(DOCKER_PATH)->name);
	/* A link of somebody else's; one of root's is followed. */
	start();
	FILE_IS("elsewhere/containers/" A "/config.v2.json", "{\"Name\":\"/moved\"}");
	assert_int_equal(symlink("elsewhere", full("docker")), 0);
	assert_int_equal(lchown(full("docker"), 65534, 65534), 0);
	assert_null(look(DOCKER_PATH)->name);
	container_names_retry(names, T0 + 10 * MS);
	assert_int_equal(lchown(full("docker"), 0, 0), 0);
	container_names_retry(names, T0 + 1000 * MS);
	assert_string_equal(look(DOCKER_PATH)->name, "moved");
}

#define USER_PATH "/user.slice/user-1.slice/user@1.service/docker-" A ".scope"
#define OTHER_USER_PATH "/delegated/docker-" A ".scope"

/* With the cgroups below `root`, of which one is a user's. */
static void start_with_cgroups(void)
{
	struct container_places places = { .storage_driver = "overlay" };

	start();
	FILE_IS(DOCKER_FILE, "{\"Name\":\"/payments\"}");
	FILE_IS("cgroup/docker/" A "/unused", "");
	FILE_IS("cgroup/delegated/docker-" A ".scope/unused", "");
	assert_int_equal(chown(full("cgroup/delegated"), 65534, 65534), 0);
	snprintf(places.docker_root, sizeof(places.docker_root), "%s/docker", root);
	snprintf(places.cgroup_mount, sizeof(places.cgroup_mount), "%s/cgroup", root);
	container_names_free(&names);
	assert_int_equal(container_names_new(&places, &names), 0);
}

TEST(a_users_cgroup_does_not_get_the_name_of_one_of_roots)
{
	if (geteuid())
		return;
	start_with_cgroups();
	/* First alone: it has the id that its path says, and no name. */
	assert_null(found(OTHER_USER_PATH, CONTAINER_RUNTIME_DOCKER)->name);
	assert_null(found(USER_PATH, CONTAINER_RUNTIME_DOCKER)->name);
	/* Then root's comes, and they are told of no container. */
	assert_string_equal(found(DOCKER_PATH, CONTAINER_RUNTIME_DOCKER)->name, "payments");
	assert_null(look(OTHER_USER_PATH));
	assert_null(look(USER_PATH));
	/* And if root's was first. */
	start_with_cgroups();
	assert_string_equal(found(DOCKER_PATH, CONTAINER_RUNTIME_DOCKER)->name, "payments");
	assert_null(look(OTHER_USER_PATH));
	assert_null(look(USER_PATH));
}

TEST(a_users_cgroups_do_not_push_out_roots)
{
	char path[256];

	if (geteuid())
		return;
	start_with_cgroups();
	assert_string_equal(found(DOCKER_PATH, CONTAINER_RUNTIME_DOCKER)->name, "payments");
	unlink(full(DOCKER_FILE));
	for (unsigned int i = 0; i < 6000; i++) {
		snprintf(path, sizeof(path), "/delegated/docker-%064x.scope", i);
		look(path);
	}
	assert_string_equal(found(DOCKER_PATH, CONTAINER_RUNTIME_DOCKER)->name, "payments");
}

int main(int argc, char **argv)
{
	int result = test_run_all(__FILE__, argc > 1 ? argv[1] : NULL);

	container_names_free(&names);
	folder_empty();
	return result;
}
