// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "user/option/option_completion.h"

#include "user/base/cleanup.h"
#include "user/option/option_text.h"

static void append_words(struct strbuf *b, option_words words)
{
	for (size_t i = 0; words(i); i++)
		strbuf_appendf(b, "%s%s", i ? " " : "", words(i));
}

/* As text within single quotes, which is not within brackets; with `is_bracketed`, within both. */
static void append_quoted(struct strbuf *b, const char *text, bool is_bracketed)
{
	for (; *text; text++) {
		if (*text == '\'')
			strbuf_append_str(b, "'\\'");
		if (is_bracketed && strchr("[]\\", *text))
			strbuf_append_char(b, '\\');
		strbuf_append_char(b, *text);
	}
}

/* -- bash ------------------------------------------------------------------------------------ */
static const char bash_begin[] =
	"# Completion of closetrace for bash. Made by `closetrace help --completion bash`.\n"
	"_closetrace_words() {\n"
	"  mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\")\n"
	"}\n"
	"_closetrace_list() { # the name behind the last comma\n"
	"  local head=\n"
	"  [[ $cur != *,* ]] || head=${cur%,*},\n"
	"  mapfile -t COMPREPLY < <(compgen -P \"$head\" -W \"$1\" -- \"${cur#\"$head\"}\")\n"
	"  compopt -o nospace 2>/dev/null\n"
	"}\n"
	"_closetrace_files() {\n"
	"  mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	"  compopt -o filenames 2>/dev/null\n"
	"}\n"
	"_closetrace() {\n"
	"  local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
	"  local command=${COMP_WORDS[1]} options words= files=\n"
	"  COMPREPLY=()\n"
	"  # --option=value is three words here.\n"
	"  if [[ $cur == = ]]; then\n"
	"    cur=\n"
	"  elif [[ $before == = ]]; then\n"
	"    before=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"  fi\n";

static const char bash_end[] = "  case $cur in\n"
			       "  -*) _closetrace_words \"$options\" ;;\n"
			       "  *) if [ \"$files\" ]; then _closetrace_files; else "
			       "_closetrace_words \"$words\"; fi ;;\n"
			       "  esac\n"
			       "} &&\n"
			       "  complete -F _closetrace closetrace\n";

static void bash_append_value(struct strbuf *b, const struct option_row *row)
{
	const char *call = row->type == OPTION_LIST ? "list" : "words";

	strbuf_append_str(b, "    ");
	if (row->letter)
		strbuf_appendf(b, "-%c | ", row->letter);
	strbuf_appendf(b, "--%s) ", row->name);
	if (row->type == OPTION_FILE)
		strbuf_append_str(b, "_closetrace_files; ");
	if (row->offers)
		strbuf_appendf(b, "_closetrace_%s \"$(%s 2>/dev/null)\"; ", call, row->offers);
	if (row->words) {
		strbuf_appendf(b, "_closetrace_%s '", call);
		append_words(b, row->words);
		strbuf_append_str(b, "'; ");
	}
	strbuf_append_str(b, "return ;;\n");
}

static void bash_append_command(struct strbuf *b, const struct completed_command *command,
				bool is_default)
{
	const struct option_table *table = command->table;
	struct option_place place;

	strbuf_appendf(b, "  %s)\n    case $before in\n", is_default ? "*" : command->name);
	for (size_t i = 0; option_listed_at(table, i, &place); i++)
		if (place.row->metavar)
			bash_append_value(b, place.row);
	strbuf_append_str(b, "    esac\n    options='");
	for (size_t i = 0; option_listed_at(table, i, &place); i++) {
		if (place.row->letter)
			strbuf_appendf(b, "%s-%c", i ? " " : "", place.row->letter);
		strbuf_appendf(b, "%s--%s", i || place.row->letter ? " " : "", place.row->name);
	}
	strbuf_append_str(b, "'\n");
	if (table->words && table->words_type == OPTION_FILE)
		strbuf_append_str(b, "    files=1\n");
	if (table->words && table->word_names) {
		strbuf_append_str(b, "    words='");
		append_words(b, table->word_names);
		strbuf_append_str(b, "'\n");
	}
	strbuf_append_str(b, "    ;;\n");
}

void completion_append_bash(struct strbuf *b, const struct completed_command *commands,
			    size_t count)
{
	strbuf_append_str(b, bash_begin);
	strbuf_append_str(b, "  if ((COMP_CWORD == 1)) && [[ $cur != -* ]]; then\n"
			     "    _closetrace_words '");
	for (size_t i = 0; i < count; i++)
		strbuf_appendf(b, "%s%s", i ? " " : "", commands[i].name);
	strbuf_append_str(b, "'\n    return\n  fi\n  case $command in\n");
	/* The default command is behind all others: it stands for what is none of them, too. */
	for (size_t i = 1; i <= count; i++)
		bash_append_command(b, &commands[i % count], i == count);
	strbuf_append_str(b, "  esac\n");
	strbuf_append_str(b, bash_end);
}

/* -- zsh ------------------------------------------------------------------------------------- */
static void zsh_append_words(struct strbuf *b, enum option_type type, option_words words)
{
	if (type == OPTION_LIST)
		strbuf_append_str(b, "_sequence compadd - ");
	else
		strbuf_append_char(b, '(');
	append_words(b, words);
	if (type != OPTION_LIST)
		strbuf_append_char(b, ')');
}

static void zsh_append_value(struct strbuf *b, const struct option_row *row)
{
	if (!row->metavar)
		return;
	strbuf_appendf(b, ":%s:", row->metavar);
	if (row->type == OPTION_FILE)
		strbuf_append_str(b, "_files");
	else if (row->offers)
		strbuf_appendf(b, "{%scompadd - ${(f)\"$(%s 2>/dev/null)\"}}",
			       row->type == OPTION_LIST ? "_sequence " : "", row->offers);
	else if (row->words)
		zsh_append_words(b, row->type, row->words);
	else
		strbuf_append_char(b, ' ');
}

/* What takes a value may be given again; a flag not, in either spelling. */
static void zsh_append_row(struct strbuf *b, const struct option_row *row)
{
	_cleanup_(strbuf_release) struct strbuf text = STRBUF_INIT;

	strbuf_append_str(b, " \\\n      ");
	if (row->metavar)
		strbuf_append_str(b, "'*'");
	else if (row->letter)
		strbuf_appendf(b, "'(-%c --%s)'", row->letter, row->name);
	if (row->letter)
		strbuf_appendf(b, "{-%c,--%s}'[", row->letter, row->name);
	else
		strbuf_appendf(b, "'--%s[", row->name);
	option_append_sentence(&text, row);
	append_quoted(b, text.data ?: "", true);
	strbuf_append_char(b, ']');
	zsh_append_value(b, row);
	strbuf_append_char(b, '\'');
	b->failed |= text.failed;
}

static void zsh_append_command(struct strbuf *b, const struct completed_command *command)
{
	const struct option_table *table = command->table;
	struct option_place place;

	strbuf_appendf(b, "  %s)\n    _arguments -s -S", command->name);
	for (size_t i = 0; option_listed_at(table, i, &place); i++)
		zsh_append_row(b, place.row);
	if (table->words) {
		strbuf_append_str(b, " \\\n      '*: :");
		if (table->word_names)
			zsh_append_words(b, OPTION_WORD, table->word_names);
		else
			strbuf_append_str(b, "_files");
		strbuf_append_char(b, '\'');
	}
	strbuf_append_str(b, "\n    ;;\n");
}

void completion_append_zsh(struct strbuf *b, const struct completed_command *commands, size_t count)
{
	strbuf_append_str(b, "#compdef closetrace\n"
			     "# Made by `closetrace help --completion zsh`.\n"
			     "_closetrace() {\n"
			     "  local command=");
	strbuf_append_str(b, commands[0].name);
	strbuf_append_str(b, "\n  local -a known\n  known=(\n");
	for (size_t i = 0; i < count; i++) {
		strbuf_appendf(b, "    '%s:", commands[i].name);
		append_quoted(b, commands[i].summary, false);
		strbuf_append_str(b, "'\n");
	}
	strbuf_append_str(b, "  )\n"
			     "  if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then\n"
			     "    _describe -t commands command known\n"
			     "    return\n"
			     "  fi\n"
			     "  if ((${known[(I)$words[2]:*]})); then\n"
			     "    command=$words[2]\n"
			     "    shift words\n"
			     "    ((CURRENT--))\n"
			     "  fi\n"
			     "  case $command in\n");
	for (size_t i = 0; i < count; i++)
		zsh_append_command(b, &commands[i]);
	strbuf_append_str(b, "  esac\n}\n_closetrace \"$@\"\n");
}
