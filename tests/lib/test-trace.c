/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "test-trace.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A mark is a system call that takes no arguments, and gets some. */
#define MARK_CALL SYS_getppid
#define MARK_MAGIC G_GUINT64_CONSTANT (0x53484d4f4f5a45)

struct _TestTrace
{
  GPid                         pid;
  gboolean                     reaped;
  struct __ptrace_syscall_info stop;  /* where it stands */
  guint64                      call;  /* the system call it is in, or has just left */
};

static int
wait_for (TestTrace *self)
{
  int status;

  while (waitpid (self->pid, &status, 0) < 0)
    g_assert_cmpint (errno, ==, EINTR);
  self->reaped = !WIFSTOPPED (status);
  return status;
}

static void
look (TestTrace *self)
{
  g_assert_cmpint (ptrace (PTRACE_GET_SYSCALL_INFO, self->pid, sizeof self->stop, &self->stop), >, 0);
  if (self->stop.op == PTRACE_SYSCALL_INFO_ENTRY)
    self->call = self->stop.entry.nr;
}

/* On to the next entry into a system call or exit from one. FALSE: it has ended. */
static gboolean
advance (TestTrace *self,
         int       *status)
{
  int signo = 0;

  while (TRUE)
    {
      g_assert_cmpint (ptrace (PTRACE_SYSCALL, self->pid, NULL, signo), ==, 0);
      *status = wait_for (self);
      if (self->reaped)
        return FALSE;
      if (WSTOPSIG (*status) == (SIGTRAP | 0x80))
        {
          look (self);
          return TRUE;
        }
      signo = WSTOPSIG (*status) == SIGTRAP ? 0 : WSTOPSIG (*status);
    }
}

static gboolean
is_at_mark (TestTrace *self,
            TestMark   mark)
{
  return self->stop.op == PTRACE_SYSCALL_INFO_ENTRY && self->stop.entry.nr == MARK_CALL &&
         self->stop.entry.args[0] == MARK_MAGIC && self->stop.entry.args[1] == (guint64) mark;
}

static void
do_nothing (gpointer data)
{
}

const char *
test_trace_impossible (void)
{
  static gboolean known;
  static const char *reason;

  if (!known)
    {
      pid_t pid = fork ();
      int status;

      if (pid == 0)
        {
          if (ptrace (PTRACE_TRACEME, 0, NULL, NULL) < 0)
            _exit (1);
          raise (SIGSTOP);
          _exit (0);
        }
      g_assert_cmpint (waitpid (pid, &status, WUNTRACED), ==, pid);
      if (!WIFSTOPPED (status))
        reason = "ptrace is not permitted here";
      else if (ptrace (PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) < 0)
        reason = "this kernel traces no system calls";
      if (WIFSTOPPED (status))
        {
          kill (pid, SIGKILL);
          g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
        }
      if (reason == NULL)
        {
          TestTrace *trace = test_trace_new (do_nothing, NULL);

          ptrace (PTRACE_SYSCALL, trace->pid, NULL, 0);
          if (!WIFSTOPPED (wait_for (trace)) ||
              ptrace (PTRACE_GET_SYSCALL_INFO, trace->pid, sizeof trace->stop, &trace->stop) <= 0)
            reason = "PTRACE_GET_SYSCALL_INFO is missing (Linux 5.3)";
          test_trace_free (trace);
        }
      known = TRUE;
    }
  return reason;
}

/* The child is stopped before the first instruction of @func. */
TestTrace *
test_trace_new (void     (*func) (gpointer),
                gpointer   data)
{
  TestTrace *self = g_new0 (TestTrace, 1);

  fflush (NULL);
  self->pid = fork ();
  g_assert_cmpint (self->pid, >=, 0);
  if (self->pid == 0)
    {
      ptrace (PTRACE_TRACEME, 0, NULL, NULL);
      raise (SIGSTOP);
      func (data);
      _exit (0);
    }
  g_assert_true (WIFSTOPPED (wait_for (self)));
  g_assert_cmpint (ptrace (PTRACE_SETOPTIONS, self->pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL), ==, 0);
  return self;
}

void
test_trace_free (TestTrace *self)
{
  if (!self->reaped)
    test_trace_kill (self, TRUE);
  g_free (self);
}

GPid
test_trace_get_pid (TestTrace *self)
{
  return self->pid;
}

/* Runs to the mark, and stops there. */
void
test_trace_to_mark (TestTrace *self,
                    TestMark   mark)
{
  int status = 0;

  while (!is_at_mark (self, mark))
    if (!advance (self, &status))
      g_error ("the traced process ended (%#x) before mark %d", (guint) status, mark);
}

/* Goes on to the next entry into a system call or exit from one. FALSE: to the mark at the end, and no further. */
gboolean
test_trace_step (TestTrace *self)
{
  int status = 0;

  if (is_at_mark (self, TEST_MARK_END))
    return FALSE;
  if (!advance (self, &status))
    g_error ("the traced process ended (%#x) after call %" PRIu64, (guint) status, self->call);
  return !is_at_mark (self, TEST_MARK_END);
}

/* What to call the stop in messages. */
char *
test_trace_where (TestTrace *self)
{
  if (is_at_mark (self, TEST_MARK_BEGIN) || is_at_mark (self, TEST_MARK_END))
    return g_strdup (is_at_mark (self, TEST_MARK_END) ? "the end" : "the beginning");
  if (self->stop.op == PTRACE_SYSCALL_INFO_ENTRY)
    return g_strdup_printf ("entering call %" PRIu64 " (%#" PRIx64 ", %#" PRIx64 ", %#" PRIx64 ")", self->call,
                            (guint64) self->stop.entry.args[0], (guint64) self->stop.entry.args[1],
                            (guint64) self->stop.entry.args[2]);
  return g_strdup_printf ("leaving call %" PRIu64 " with %" PRId64, self->call, (gint64) self->stop.exit.rval);
}

/* Without @reap it stays a zombie. */
void
test_trace_kill (TestTrace *self,
                 gboolean   reap)
{
  siginfo_t info;

  kill (self->pid, SIGKILL);
  /* Until it is dead: a SIGKILL that is only on its way has closed nothing. */
  while (waitid (P_PID, (id_t) self->pid, &info, WEXITED | WNOWAIT) < 0)
    g_assert_cmpint (errno, ==, EINTR);
  if (reap)
    while (!self->reaped)
      wait_for (self);
}

/* Lets it run to its end, and returns its wait status. */
int
test_trace_finish (TestTrace *self)
{
  g_assert_cmpint (ptrace (PTRACE_DETACH, self->pid, NULL, 0), ==, 0);
  return wait_for (self);
}

void
test_trace_mark (TestMark mark)
{
  syscall (MARK_CALL, MARK_MAGIC, (guint64) mark);
}
