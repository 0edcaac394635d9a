/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "testlib.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_OPTION "--child"
#define MAX_ROLES 24

struct _TestChild
{
  char    *role;
  GPid     pid;
  int      in;
  int      out;
  GString *heard;
  gboolean reaped;
  int      status;
};

static struct
{
  const char *name;
  TestRole    role;
} roles[MAX_ROLES];
static guint n_roles;

static GString *heard_by_child;

void
test_child_role (const char *name,
                 TestRole    role)
{
  g_assert_cmpuint (n_roles, <, MAX_ROLES);
  roles[n_roles].name = name;
  roles[n_roles++].role = role;
}

/* The child's main program: `PROGRAM --child ROLE ARGUMENT…` */
gboolean
test_child_is_child (int    argc,
                     char **argv)
{
  if (argc < 3 || strcmp (argv[1], CHILD_OPTION) != 0)
    return FALSE;

  prctl (PR_SET_PDEATHSIG, SIGKILL);  /* no orphan outlives a test program that was aborted */
  for (guint i = 0; i < n_roles; i++)
    if (strcmp (roles[i].name, argv[2]) == 0)
      {
        heard_by_child = g_string_new (NULL);
        roles[i].role (argc - 3, argv + 3);
        g_string_free (heard_by_child, TRUE);
        return TRUE;
      }
  g_error ("No role %s", argv[2]);
}

TestChild *
test_child_new (const char *role,
                ...)
{
  g_autoptr(GPtrArray) argv = g_ptr_array_new ();
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autoptr(GError) error = NULL;
  TestChild *self = g_new0 (TestChild, 1);
  const char *argument;
  va_list arguments;

  g_ptr_array_add (argv, program);
  g_ptr_array_add (argv, (char *) CHILD_OPTION);
  g_ptr_array_add (argv, (char *) role);
  va_start (arguments, role);
  while ((argument = va_arg (arguments, const char *)) != NULL)
    g_ptr_array_add (argv, (char *) argument);
  va_end (arguments);
  g_ptr_array_add (argv, NULL);

  self->role = g_strdup (role);
  self->heard = g_string_new (NULL);
  g_spawn_async_with_pipes (NULL, (char **) argv->pdata, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                            &self->pid, &self->in, &self->out, NULL, &error);
  g_assert_no_error (error);
  return self;
}

GPid
test_child_get_pid (TestChild *self)
{
  return self->pid;
}

static void G_GNUC_PRINTF (2, 0)
write_line (int         fd,
            const char *format,
            va_list     arguments)
{
  g_autoptr(GString) line = g_string_new (NULL);
  gsize done = 0;

  g_string_vprintf (line, format, arguments);
  g_assert_null (strchr (line->str, '\n'));
  g_string_append_c (line, '\n');
  while (done < line->len)
    {
      gssize n = write (fd, line->str + done, line->len - done);

      if (n < 0 && errno == EPIPE)
        return;
      g_assert_true (n >= 0 || errno == EINTR);
      done += (gsize) MAX (n, 0);
    }
}

void
test_child_tell (TestChild  *self,
                 const char *format,
                 ...)
{
  va_list arguments;

  va_start (arguments, format);
  write_line (self->in, format, arguments);
  va_end (arguments);
}

static char *
take_line (GString *heard)
{
  char *end = memchr (heard->str, '\n', heard->len);
  char *line;

  if (end == NULL)
    return NULL;

  line = g_strndup (heard->str, (gsize) (end - heard->str));
  g_string_erase (heard, 0, end - heard->str + 1);
  return line;
}

static gboolean
read_more (int      fd,
           GString *heard)
{
  char bytes[65536];
  gssize n;

  do
    n = read (fd, bytes, sizeof bytes);
  while (n < 0 && errno == EINTR);
  if (n > 0)
    g_string_append_len (heard, bytes, n);
  return n > 0;
}

static gboolean
on_readable (gint         fd,
             GIOCondition condition,
             gpointer     user_data)
{
  gboolean *readable = user_data;

  *readable = TRUE;
  return G_SOURCE_CONTINUE;
}

/* The next line, while the thread's main context goes on. NULL at the end. */
static char *
hear (int         fd,
      GString    *heard,
      const char *who)
{
  char *line = take_line (heard);

  while (line == NULL)
    {
      g_autoptr(GSource) source = g_unix_fd_source_new (fd, G_IO_IN | G_IO_HUP | G_IO_ERR);
      gboolean readable = FALSE, more;

      g_source_set_callback (source, G_SOURCE_FUNC (on_readable), &readable, NULL);
      g_source_attach (source, g_main_context_get_thread_default ());
      if (who != NULL)
        test_wait (readable);
      else
        while (!readable)
          g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
      g_source_destroy (source);

      more = read_more (fd, heard);
      line = take_line (heard);
      if (!more)
        break;
    }
  return line;
}

char *
test_child_hear (TestChild *self)
{
  return hear (self->out, self->heard, self->role);
}

void
test_child_expect (TestChild  *self,
                   const char *line)
{
  g_autofree char *heard = test_child_hear (self);

  g_assert_cmpstr (heard, ==, line);
}

/* Tells it something, and expects an answer. */
void
test_child_ask (TestChild  *self,
                const char *line,
                const char *answer)
{
  test_child_tell (self, "%s", line);
  test_child_expect (self, answer);
}

void
test_say (const char *format,
          ...)
{
  va_list arguments;

  va_start (arguments, format);
  write_line (STDOUT_FILENO, format, arguments);
  va_end (arguments);
}

char *
test_hear (void)
{
  return hear (STDIN_FILENO, heard_by_child, NULL);
}

/* A line, if there is one to read. */
char *
test_hear_now (void)
{
  struct pollfd look = { .fd = STDIN_FILENO, .events = POLLIN };
  char *line = take_line (heard_by_child);

  if (line == NULL && poll (&look, 1, 0) > 0 && read_more (STDIN_FILENO, heard_by_child))
    line = take_line (heard_by_child);
  return line;
}

void
test_child_close (TestChild *self)
{
  if (self->in >= 0)
    close (self->in);
  self->in = -1;
}

static void
reap (TestChild *self)
{
  if (!self->reaped)
    while (waitpid (self->pid, &self->status, 0) < 0)
      g_assert_cmpint (errno, ==, EINTR);
  self->reaped = TRUE;
}

/* Kills the child, and no child of its own: its input stays open. */
void
test_child_kill (TestChild *self)
{
  kill (self->pid, SIGKILL);
  reap (self);
}

void
test_child_stop (TestChild *self)
{
  int status;

  kill (self->pid, SIGSTOP);
  g_assert_cmpint (waitpid (self->pid, &status, WUNTRACED), ==, self->pid);
  g_assert_true (WIFSTOPPED (status));
}

void
test_child_go_on (TestChild *self)
{
  kill (self->pid, SIGCONT);
}

/* Closes the child's input, which is its sign to end, and returns its wait status. */
int
test_child_wait (TestChild *self)
{
  test_child_close (self);
  reap (self);
  return self->status;
}

void
test_child_free (TestChild *self)
{
  test_child_close (self);
  if (!self->reaped)
    test_child_kill (self);
  close (self->out);
  g_string_free (self->heard, TRUE);
  g_free (self->role);
  g_free (self);
}

int
test_in_fork (void   (*func) (gpointer),
              gpointer data)
{
  int status = 0;
  pid_t pid;

  fflush (NULL);
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      func (data);
      _exit (0);
    }
  while (waitpid (pid, &status, 0) < 0)
    g_assert_cmpint (errno, ==, EINTR);
  return status;
}
