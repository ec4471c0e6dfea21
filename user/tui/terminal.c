// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/tui/terminal.h"

/* clang-format off */
#include <curses.h>
#include <term.h>
/* clang-format on */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "user/base/log.h"
#include "user/model/text_cells.h"

#define PAIR_ALARM 1
#define PAIR_TITLE 2
#define RESTORE_BYTES 256
#define ESCAPE_DELAY_MS 25

/* One terminal, one state: signal handlers and exit reach it. */
static struct {
	SCREEN *screen;
	FILE *out;
	bool is_unicode;
	bool has_colour;
	int messages; /* memfd in place of stderr */
	int real_stderr;
	/* For a crash: what a handler may use. */
	struct termios before;
	char restore[RESTORE_BYTES];
	size_t restore_len;
} terminal = { .messages = -1, .real_stderr = -1 };

static bool can_move_cursor(const char *name)
{
	bool can;
	int err;

	if (setupterm(name, STDOUT_FILENO, &err) == ERR)
		return false;
	can = cursor_address != NULL;
	del_curterm(cur_term);
	return can;
}

int terminal_check(void)
{
	const char *name = getenv("TERM");
	struct winsize size;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return log_error(-EINVAL,
				 "top needs a terminal; `closetrace flows` prints the same "
				 "counts as lines");
	if (!name || !*name)
		return log_error(-EINVAL,
				 "top needs to know the terminal: TERM is not set; set it, "
				 "or use `closetrace flows`");
	if (!can_move_cursor(name))
		return log_error(
			-EINVAL,
			"the terminal \"%s\" is unknown or cannot move its cursor; set TERM, "
			"or use `closetrace flows`",
			name);
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col &&
	    (size.ws_col < TERMINAL_COLUMNS_MIN || size.ws_row < TERMINAL_LINES_MIN))
		return log_error(-EINVAL,
				 "a terminal of %dx%d is too small for top: at least %dx%d are "
				 "needed",
				 size.ws_col, size.ws_row, TERMINAL_COLUMNS_MIN,
				 TERMINAL_LINES_MIN);
	return 0;
}

static void restore_add(const char *capability)
{
	size_t len;

	if (!capability || capability == (char *)-1)
		return;
	len = strlen(capability);
	if (len > sizeof(terminal.restore) - terminal.restore_len)
		return;
	memcpy(terminal.restore + terminal.restore_len, capability, len);
	terminal.restore_len += len;
}

/* Only calls that a signal handler may make. Then the signal does what it would have done. */
static void on_crash(int signal)
{
	ssize_t ignored = write(STDOUT_FILENO, terminal.restore, terminal.restore_len);

	(void)ignored;
	tcsetattr(STDIN_FILENO, TCSANOW, &terminal.before);
	raise(signal);
}

static void terminal_guard(void)
{
	static const int crashes[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGQUIT };
	struct sigaction action = { .sa_handler = on_crash, .sa_flags = SA_RESETHAND };

	restore_add(exit_attribute_mode);
	restore_add(cursor_normal);
	restore_add(keypad_local);
	restore_add(exit_ca_mode);
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		sigaction(crashes[i], &action, NULL);
}

/* A message in the middle of the screen would be read by nobody. */
static void messages_keep(void)
{
	terminal.messages = memfd_create("messages", MFD_CLOEXEC);
	if (terminal.messages < 0)
		return;
	fflush(stderr);
	terminal.real_stderr = dup(STDERR_FILENO);
	dup2(terminal.messages, STDERR_FILENO);
}

static void messages_release(void)
{
	char buffer[4096];
	ssize_t got;

	if (terminal.real_stderr < 0)
		return;
	fflush(stderr);
	dup2(terminal.real_stderr, STDERR_FILENO);
	close(terminal.real_stderr);
	terminal.real_stderr = -1;
	lseek(terminal.messages, 0, SEEK_SET);
	while ((got = read(terminal.messages, buffer, sizeof(buffer))) > 0)
		if (write(STDERR_FILENO, buffer, got) < 0)
			break;
	close(terminal.messages);
	terminal.messages = -1;
}

int terminal_open(void)
{
	setlocale(LC_CTYPE, "");
	terminal.is_unicode = !strcmp(nl_langinfo(CODESET), "UTF-8");
	if (tcgetattr(STDIN_FILENO, &terminal.before))
		return log_error(-errno, "cannot read the terminal's settings: %s",
				 strerror(errno));
	set_escdelay(ESCAPE_DELAY_MS);
	terminal.screen = newterm(NULL, stdout, stdin);
	if (!terminal.screen)
		return log_error(-EINVAL, "cannot use this terminal as a screen; use `closetrace "
					  "flows`");
	terminal_guard();
	messages_keep();
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	curs_set(0);
	terminal.has_colour = !getenv("NO_COLOR") && has_colors() && start_color() != ERR;
	if (!terminal.has_colour)
		return 0;
	use_default_colors();
	init_pair(PAIR_ALARM, COLOR_RED, -1);
	init_pair(PAIR_TITLE, COLOR_CYAN, -1);
	return 0;
}

void terminal_close(void)
{
	if (!terminal.screen)
		return;
	endwin();
	delscreen(terminal.screen);
	terminal.screen = NULL;
	messages_release();
}

void terminal_resize(void)
{
	struct winsize size;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col && size.ws_row)
		resizeterm(size.ws_row, size.ws_col);
	clearok(stdscr, TRUE);
}

bool terminal_is_unicode(void)
{
	return terminal.is_unicode;
}

void terminal_last_message(char *ret, int size)
{
	char buffer[1024];
	ssize_t got = 0;
	off_t end;
	char *line;

	*ret = '\0';
	if (terminal.messages < 0)
		return;
	end = lseek(terminal.messages, 0, SEEK_CUR);
	if (end > 0)
		got = pread(terminal.messages, buffer, sizeof(buffer) - 1,
			    end > (off_t)sizeof(buffer) - 1 ? end - (off_t)sizeof(buffer) + 1 : 0);
	if (got <= 1)
		return;
	buffer[got - 1] = '\0'; /* its newline */
	line = strrchr(buffer, '\n');
	snprintf(ret, size, "%s", line ? line + 1 : buffer);
}

static attr_t attributes_of(enum terminal_style style)
{
	switch (style) {
	case TERMINAL_TITLE:
		return A_BOLD | (terminal.has_colour ? COLOR_PAIR(PAIR_TITLE) : 0);
	case TERMINAL_HEAD:
		return A_BOLD | A_UNDERLINE;
	case TERMINAL_SELECTED:
		return A_REVERSE;
	case TERMINAL_ALARM:
		return A_BOLD | (terminal.has_colour ? COLOR_PAIR(PAIR_ALARM) : 0);
	case TERMINAL_FAINT:
		return A_DIM;
	default:
		return A_NORMAL;
	}
}

void terminal_put(int line, int column, enum terminal_style style, const char *text, int len)
{
	size_t fits;

	if (line < 0 || line >= LINES || column >= COLS || len <= 0)
		return;
	fits = text_cells_fit(text, len, COLS - column);
	attrset(attributes_of(style));
	mvaddnstr(line, column, text, fits);
	attrset(A_NORMAL);
}

void terminal_fill(int line, int column, enum terminal_style style)
{
	if (line < 0 || line >= LINES || column >= COLS)
		return;
	attrset(attributes_of(style));
	mvhline(line, column, ' ', COLS - column);
	attrset(A_NORMAL);
}
