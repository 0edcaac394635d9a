/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Loaded into an unmodified GTK program with LD_PRELOAD, records when something happens in it. windows.py also maps
 * the file named by PROBE_FILE, and reads it while the program runs. */

#include <gtk/gtk.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define N_RECORDS (1 << 16)
#define BEAT_MSEC 5

/* The format that windows_probe.py reads. */
typedef enum
{
  FIRST_FRAME = 1,
  BUFFER_CHANGED
} RecordKind;

typedef struct
{
  guint64 kind;
  guint64 time;      /* CLOCK_MONOTONIC, in ns */
  guint64 woken;     /* when the main loop last woke up */
  guint64 buffer;    /* identifies the text buffer */
  guint64 n_chars;   /* of a frame: CPU time of the thread so far, in ns */
} Record;

typedef struct
{
  _Atomic guint64 n_records;
  /* In ns, since they were last set to 0: */
  _Atomic guint64 longest_turn;   /* of the main loop, from one poll to the next */
  _Atomic guint64 longest_work;   /* the same in CPU time of the thread */
  _Atomic guint64 longest_wait;   /* of a source with the priority of drawing */
  _Atomic guint64 n_frames;
  Record          records[N_RECORDS];
} Probe;

static Probe *probe;
static guint64 woken, woken_work;
static guint64 last_beat;
static gboolean is_drawn;
static void (*draw) (GtkWidget *widget, GtkSnapshot *snapshot);

static guint64
read_clock (clockid_t id)
{
  struct timespec time;

  clock_gettime (id, &time);

  return (guint64) time.tv_sec * 1000000000 + (guint64) time.tv_nsec;
}

static guint64
now (void)
{
  return read_clock (CLOCK_MONOTONIC);
}

static void
record (RecordKind kind,
        gpointer   buffer,
        guint64    n_chars)
{
  const guint64 n = atomic_load (&probe->n_records);

  probe->records[n % N_RECORDS] = (Record) { kind, now (), woken, (guint64) (gsize) buffer, n_chars };
  atomic_store (&probe->n_records, n + 1);
}

static void
raise_to (_Atomic guint64 *longest,
          guint64          value)
{
  if (value > atomic_load (longest))
    atomic_store (longest, value);
}

static gint
timed_poll (GPollFD *fds,
            guint    n_fds,
            gint     timeout)
{
  gint result;

  if (woken != 0)
    {
      raise_to (&probe->longest_turn, now () - woken);
      raise_to (&probe->longest_work, read_clock (CLOCK_THREAD_CPUTIME_ID) - woken_work);
    }

  result = poll ((struct pollfd *) (void *) fds, n_fds, timeout);
  woken = now ();
  woken_work = read_clock (CLOCK_THREAD_CPUTIME_ID);

  return result;
}

static gboolean
beat (gpointer data)
{
  const guint64 time = now ();

  if (last_beat != 0)
    raise_to (&probe->longest_wait, time - last_beat);
  last_beat = time;

  return G_SOURCE_CONTINUE;
}

static gboolean
on_buffer_changed (GSignalInvocationHint *hint,
                   guint                  n_values,
                   const GValue          *values,
                   gpointer               data)
{
  GtkTextBuffer *buffer = g_value_get_object (values);

  record (BUFFER_CHANGED, buffer, (guint64) gtk_text_buffer_get_char_count (buffer));

  return TRUE;
}

static void
draw_window (GtkWidget   *widget,
             GtkSnapshot *snapshot)
{
  draw (widget, snapshot);
  is_drawn = TRUE;
}

static void
on_painted (GdkFrameClock *clock,
            gpointer       data)
{
  if (!is_drawn)
    return;

  if (atomic_load (&probe->n_frames) == 0)
    record (FIRST_FRAME, NULL, read_clock (CLOCK_THREAD_CPUTIME_ID));
  atomic_fetch_add (&probe->n_frames, 1);
}

static void
watch (GtkWidget *window)
{
  static gboolean is_watching;

  if (is_watching)
    return;

  is_watching = TRUE;
  draw = GTK_WIDGET_GET_CLASS (window)->snapshot;
  GTK_WIDGET_GET_CLASS (window)->snapshot = draw_window;
  g_signal_connect (gtk_widget_get_frame_clock (window), "after-paint", G_CALLBACK (on_painted), NULL);
  g_type_class_unref (g_type_class_ref (GTK_TYPE_TEXT_BUFFER));
  g_signal_add_emission_hook (g_signal_lookup ("changed", GTK_TYPE_TEXT_BUFFER), 0, on_buffer_changed, NULL, NULL);
  g_main_context_set_poll_func (NULL, timed_poll);
  if (getenv ("PROBE_BEATS") != NULL)
    g_timeout_add_full (GDK_PRIORITY_REDRAW, BEAT_MSEC, beat, NULL, NULL);
}

/* Replaces the function of GTK. */
G_MODULE_EXPORT void
gtk_window_present (GtkWindow *window)
{
  void (*present) (GtkWindow *) = NULL;

  *(void **) &present = dlsym (RTLD_NEXT, "gtk_window_present");
  present (window);
  if (probe != NULL)
    watch (GTK_WIDGET (window));
}

__attribute__ ((constructor)) static void
open_file (void)
{
  const char *path = getenv ("PROBE_FILE");
  const int fd = path != NULL ? open (path, O_RDWR | O_CLOEXEC) : -1;
  void *memory;

  if (fd < 0)
    return;

  memory = mmap (NULL, sizeof (Probe), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close (fd);
  if (memory != MAP_FAILED)
    probe = memory;
}
