/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "ctl-interrupt.h"

#include <signal.h>
#include <sys/signalfd.h>

/* A descriptor that can be read once a signal asks the program to end: so it also ends a write that
 * hangs. To be called before there are threads, which would otherwise take the signals.
 */
int
ctl_interrupt_open (void)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGHUP);
  sigaddset (&set, SIGINT);
  sigaddset (&set, SIGTERM);
  sigprocmask (SIG_BLOCK, &set, NULL);
  signal (SIGPIPE, SIG_IGN);

  return signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}
