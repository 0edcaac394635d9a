/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* GDBus: each message is a signal with an array of bytes, sent directly, or with --bus over the session bus. To wait
 * is to iterate the main context. */

#include "bench.h"

#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#define INTERFACE "io.github.shmooze.Bench"
#define UNSENT_MAX (1 << 20)  /* the queue of GDBus has no limit */

struct _BenchChannel
{
  GDBusConnection *connection;
  GDBusServer     *server;
  GQueue           arrived;
  GVariant        *current;
  BenchDeliver     deliver;
  const char      *in, *out;  /* names of signals */
  char            *path;
  gsize            n_unsent;
};

static void
on_signal (GDBusConnection *connection,
           const char      *sender,
           const char      *path,
           const char      *interface,
           const char      *signal,
           GVariant        *parameters,
           gpointer         user_data)
{
  BenchChannel *self = user_data;
  g_autoptr (GVariant) bytes = g_variant_get_child_value (parameters, 0);
  gconstpointer message;
  gsize size;

  if (self->deliver == NULL)
    {
      g_queue_push_tail (&self->arrived, g_steal_pointer (&bytes));
      return;
    }
  message = g_variant_get_fixed_array (bytes, &size, 1);
  self->deliver (message, size);
}

static void
take_connection (BenchChannel    *self,
                 GDBusConnection *connection)
{
  self->connection = connection;
  g_dbus_connection_signal_subscribe (connection, NULL, INTERFACE, self->in, self->path, NULL,
                                      G_DBUS_SIGNAL_FLAGS_NONE, on_signal, self, NULL);
}

static gboolean
on_new_connection (GDBusServer     *server,
                   GDBusConnection *connection,
                   gpointer         user_data)
{
  take_connection (user_data, g_object_ref (connection));
  return TRUE;
}

static void
open_peer (BenchChannel   *self,
           const BenchRun *run)
{
  g_autofree char *address = g_strdup_printf ("unix:path=/tmp/%s", run->id), *guid = g_dbus_generate_guid ();
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection;

  if (run->ping)
    {
      bench_retry ((connection = g_dbus_connection_new_for_address_sync (
                      address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, NULL, NULL)) != NULL);
      take_connection (self, connection);
      return;
    }
  self->server = g_dbus_server_new_sync (address, G_DBUS_SERVER_FLAGS_NONE, guid, NULL, NULL, &error);
  if (self->server == NULL)
    bench_die ("%s", error->message);
  g_signal_connect (self->server, "new-connection", G_CALLBACK (on_new_connection), self);
  g_dbus_server_start (self->server);
  while (self->connection == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static gboolean
has_owner (GDBusConnection *bus,
           const char      *name)
{
  g_autoptr (GVariant) result = g_dbus_connection_call_sync (
    bus, "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "NameHasOwner", g_variant_new ("(s)", name), NULL,
    G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
  gboolean has = FALSE;

  if (result != NULL)
    g_variant_get (result, "(b)", &has);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  return has;
}

static void
open_bus (BenchChannel   *self,
          const BenchRun *run)
{
  g_autofree char *name = g_strdup_printf (INTERFACE ".%s", self->path + 1);
  g_autoptr (GError) error = NULL;
  GDBusConnection *bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, &error);

  if (bus == NULL)
    bench_die ("%s", error->message);
  take_connection (self, bus);
  if (!run->ping)
    g_bus_own_name_on_connection (bus, name, G_BUS_NAME_OWNER_FLAGS_NONE, NULL, NULL, NULL, NULL);
  bench_retry (has_owner (bus, name));
}

BenchChannel *
bench_channel_open (const BenchRun *run)
{
  BenchChannel *self = g_new0 (BenchChannel, 1);

  g_queue_init (&self->arrived);
  self->path = g_strdup_printf ("/run_%s", run->id);
  g_strdelimit (self->path, "-", '_');
  self->in = run->ping ? "ToPing" : "ToPong";
  self->out = run->ping ? "ToPong" : "ToPing";
  if (g_strcmp0 (run->option, "--bus") == 0)
    open_bus (self, run);
  else if (run->option == NULL)
    open_peer (self, run);
  else
    bench_die ("Unknown option “%s”", run->option);
  return self;
}

void
bench_channel_send (BenchChannel *self,
                    gconstpointer message,
                    gsize         size)
{
  GVariant *bytes = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, message, size, 1);

  bench_try (g_dbus_connection_emit_signal (self->connection, NULL, self->path, INTERFACE, self->out,
                                            g_variant_new ("(@ay)", bytes), NULL));
  self->n_unsent += size + 256;
  if (self->n_unsent > UNSENT_MAX)
    {
      g_dbus_connection_flush_sync (self->connection, NULL, NULL);
      self->n_unsent = 0;
    }
}

gconstpointer
bench_channel_receive (BenchChannel *self,
                       gsize        *size,
                       gboolean      now)
{
  while ((self->current = g_queue_pop_head (&self->arrived)) == NULL)
    g_main_context_iteration (NULL, bench_run.wait != BENCH_SPIN);
  return g_variant_get_fixed_array (self->current, size, 1);
}

void
bench_channel_release (BenchChannel *self)
{
  g_clear_pointer (&self->current, g_variant_unref);
}

int
bench_channel_watch (BenchChannel *self,
                     BenchDeliver  deliver)
{
  self->deliver = deliver;
  return BENCH_WATCH_NATIVE;
}

void
bench_channel_close (BenchChannel *self)
{
  g_dbus_connection_flush_sync (self->connection, NULL, NULL);
  g_usleep (20000);  /* the other side reads the last message before the connection breaks */
  if (self->server != NULL)
    g_dbus_server_stop (self->server);
  g_clear_object (&self->server);
  g_clear_object (&self->connection);
  g_free (self->path);
  g_free (self);
}
