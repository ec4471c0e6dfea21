// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/enrich/container_id.h"

#include <errno.h>

#include "tests/harness/test.h"

#define A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define B "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID "1b2c3d4e-0000-4111-8222-333344445555"
#define UID_ "1b2c3d4e_0000_4111_8222_333344445555"

#define DOCKER CONTAINER_RUNTIME_DOCKER
#define PODMAN CONTAINER_RUNTIME_PODMAN
#define CONTAINERD CONTAINER_RUNTIME_CONTAINERD
#define CRIO CONTAINER_RUNTIME_CRIO
#define NERDCTL CONTAINER_RUNTIME_NERDCTL

static const struct {
	const char *path;
	uint8_t runtime;
	const char *id;
	bool is_pod;
} certain[] = {
	/* docker: cgroupfs and systemd driver */
	{ "/docker/" A, DOCKER, A, false },
	{ "/system.slice/docker-" A ".scope", DOCKER, A, false },
	/* podman: cgroupfs, systemd, systemd of an image with its own init, split, rootless */
	{ "/libpod_parent/libpod-" A, PODMAN, A, false },
	{ "/machine.slice/libpod-" A ".scope", PODMAN, A, false },
	{ "/machine.slice/libpod-" A ".scope/container", PODMAN, A, false },
	{ "/system.slice/web.service/libpod-payload-" A, PODMAN, A, false },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" A ".scope/container",
	  PODMAN, A, false },
	{ "/libpod_parent/" B "/libpod-" A, PODMAN, A, false },
	/* Kubernetes with containerd: cgroupfs for each class of service, systemd */
	{ "/kubepods/burstable/pod" UID "/" A, CONTAINERD, A, true },
	{ "/kubepods/besteffort/pod" UID "/" A, CONTAINERD, A, true },
	{ "/kubepods/pod" UID "/" A, CONTAINERD, A, true },
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_
	  ".slice/cri-containerd-" A ".scope",
	  CONTAINERD, A, true },
	{ "/kubepods.slice/kubepods-pod" UID_ ".slice/cri-containerd-" A ".scope", CONTAINERD, A,
	  true },
	/* with CRI-O, with docker */
	{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_ ".slice/crio-" A
	  ".scope",
	  CRIO, A, true },
	{ "/kubepods/burstable/pod" UID "/crio-" A, CRIO, A, true },
	{ "/kubepods.slice/kubepods-pod" UID_ ".slice/docker-" A ".scope", DOCKER, A, true },
	{ "/system.slice/nerdctl-" A ".scope", NERDCTL, A, false },
	/* innermost: docker in docker, kind, a service manager in a container */
	{ "/docker/" B "/docker/" A, DOCKER, A, false },
	{ "/docker/" B "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/"
	  "kubelet-kubepods-burstable-pod" UID_ ".slice/cri-containerd-" A ".scope",
	  CONTAINERD, A, true },
	{ "/docker/" B "/kubelet/kubepods/besteffort/pod" UID "/" A, CONTAINERD, A, true },
	{ "/system.slice/docker-" A ".scope/system.slice/nginx.service", DOCKER, A, false },
	{ "/docker/" A "/init.scope", DOCKER, A, false },
	{ "/docker/" A "/", DOCKER, A, false },
};

TEST(every_form_of_a_runtime_is_told)
{
	struct container_id found;

	for (size_t i = 0; i < sizeof(certain) / sizeof(certain[0]); i++) {
		memset(&found, 0xee, sizeof(found));
		if (container_id_from_path(certain[i].path, &found))
			fail_msg("%s is no container", certain[i].path);
		assert_string_equal(found.id, certain[i].id);
		if (found.runtime != certain[i].runtime || found.is_pod != certain[i].is_pod ||
		    found.is_guess)
			fail_msg("%s is of runtime %u, pod %d, guess %d", certain[i].path,
				 found.runtime, found.is_pod, found.is_guess);
		assert_string_equal(found.namespace, "");
	}
}

static const struct {
	const char *path;
	uint8_t runtime;
	const char *namespace;
	const char *id;
} guesses[] = {
	{ "/default/cnt1", CONTAINERD, "default", "cnt1" },
	{ "/default/cnt1/inner", CONTAINERD, "default", "cnt1" },
	{ "/k8s.io/" A, CONTAINERD, "k8s.io", A },
	{ "/shop/Web_1.a-b", CONTAINERD, "shop", "Web_1.a-b" },
	{ "/a.slice/b/" A, DOCKER, "", A }, /* docker run --cgroup-parent */
	{ "/mine/deep/" A, DOCKER, "", A },
};

TEST(what_only_a_state_file_can_confirm_is_a_guess)
{
	struct container_id found;

	for (size_t i = 0; i < sizeof(guesses) / sizeof(guesses[0]); i++) {
		if (container_id_from_path(guesses[i].path, &found))
			fail_msg("%s is no container", guesses[i].path);
		assert_true(found.is_guess);
		assert_int_equal(found.runtime, guesses[i].runtime);
		assert_string_equal(found.namespace, guesses[i].namespace);
		assert_string_equal(found.id, guesses[i].id);
	}
}

static const char *const others[] = {
	"",
	"/",
	"//",
	"///",
	"docker",
	"relative/docker/" A,
	"/docker",
	"/docker/",
	"/init.scope",
	"/system.slice/nginx.service",
	"/user.slice/user-1000.slice/session-3.scope",
	"/machine.slice/machine-vm.scope",
	"/lxc.payload.web",
	/* the monitor of a container is not in it */
	"/libpod_parent/conmon",
	"/machine.slice/libpod-conmon-" A ".scope",
	"/kubepods.slice/kubepods-pod" UID_ ".slice/crio-conmon-" A ".scope",
	/* nearly an id */
	"/system.slice/docker-" A "0.scope",
	"/system.slice/docker-0" A ".scope",
	"/system.slice/docker-" A,
	"/system.slice/docker-.scope",
	"/system.slice/docker-ABCDEF6789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.scope",
	"/system.slice/xdocker-" A ".scope",
	"/system.slice/cri-containerd-../../../../etc/passwd.scope",
	"/machine.slice/libpod-" A ".scope2",
	/* names that would lead out of a folder, or are none */
	"/default/..",
	"/../default",
	"/default/.hidden",
	"/-x/y",
	"/default/a b",
	"/default/a\nb",
	"/default/\033[2J",
	"/default/\xff\xfe",
	"/default/x\"y",
	/* containerd's longest is 76 */
	"/default/" A A,
};

TEST(other_paths_are_no_containers_and_leave_the_result_alone)
{
	struct container_id found, before;

	memset(&before, 0x5a, sizeof(before));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		found = before;
		if (container_id_from_path(others[i], &found) != -ENOENT)
			fail_msg("%s is taken for container %s", others[i], found.id);
		assert_memory_equal(&found, &before, sizeof(found));
	}
}

/* Every beginning of every path, every byte in turn replaced: found or not, but never unsafe. */
static void path_check(const char *path)
{
	struct container_id found;

	if (container_id_from_path(path, &found))
		return;
	assert_in_range(found.runtime, 1, CONTAINER_RUNTIME_COUNT - 1);
	assert_in_range(strlen(found.id), 1, sizeof(found.id) - 1);
	assert_int_equal(strspn(found.id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "0123456789._-"),
			 strlen(found.id));
	assert_null(strchr("._-", found.id[0]));
	assert_null(strchr(found.namespace, '/'));
	assert_true(found.namespace[0] != '.');
}

TEST(no_path_makes_an_id_that_is_unsafe_in_a_file_name)
{
	static const char bytes[] = "/.-_\n\x01\xff %\\";
	char *copy;

	for (size_t i = 0; i < sizeof(certain) / sizeof(certain[0]); i++) {
		size_t len = strlen(certain[i].path);

		for (size_t at = 0; at <= len; at++) {
			/* On the heap, so that a read behind the end is seen. */
			copy = strndup(certain[i].path, at);
			path_check(copy);
			free(copy);
			for (size_t b = 0; at < len && b < sizeof(bytes); b++) {
				copy = strdup(certain[i].path);
				copy[at] = bytes[b];
				path_check(copy);
				free(copy);
			}
		}
	}
}

TEST(a_very_long_path_is_searched_to_its_end)
{
	char path[4096 * 2];
	struct container_id found;

	for (size_t i = 0; i < 4000; i++)
		path[i] = i % 2 ? 'x' : '/';
	snprintf(path + 4000, sizeof(path) - 4000, "/docker/" A);
	assert_int_equal(container_id_from_path(path, &found), 0);
	assert_string_equal(found.id, A);
	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	assert_int_equal(container_id_from_path(path, &found), -ENOENT);
	memset(path, '/', sizeof(path) - 1);
	assert_int_equal(container_id_from_path(path, &found), -ENOENT);
}

TEST_MAIN()
