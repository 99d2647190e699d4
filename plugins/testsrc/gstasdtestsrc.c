/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asdtestsrc
 * @title: asdtestsrc
 * @short_description: the sound of a simulated machine in a factory
 *
 * A fan, pump, slide rail or solenoid valve, in good order or with one of its
 * physical faults, recorded in a noisy hall. It is there for tests, demos and
 * tutorials: what a detector makes of a real machine only recordings of that
 * machine can tell. docs/simulated-machines.md describes the models.
 *
 * #GstAsdTestSrc:machine-id selects the individual (its speed, resonances and
 * level), #GstAsdTestSrc:seed the recording. The same properties and caps
 * give the same samples in each run, whatever the size of the buffers, and
 * also after a seek. A recording with a fault is the recording with the same
 * seed without it until #GstAsdTestSrc:fault-time.
 *
 * A live source (#GstAsdTestSrc:is-live) has the latency of one buffer,
 * #GstAsdTestSrc:samplesperbuffer samples.
 *
 * A seek has to simulate what lies between (from the start if it goes back),
 * which takes about 1/500 of that time. Only forward playback is possible.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 asdtestsrc machine=pump num-buffers=200 ! audioconvert ! wavenc ! filesink location=pump.wav
 * ]|
 * |[
 * # not run: needs a loudspeaker
 * gst-launch-1.0 asdtestsrc is-live=true machine=fan fault=bearing fault-time=5000000000 severity=0.8 ! audioconvert ! volume volume=10 ! autoaudiosink
 * ]|
 * The second plays a fan whose bearing fails after five seconds.
 */

#include "../elements.h"

#include <asd/simulator.h>
#include <gst/audio/audio.h>
#include <gst/base/gstbasesrc.h>

GST_DEBUG_CATEGORY_STATIC (gst_asd_test_src_debug);
#define GST_CAT_DEFAULT gst_asd_test_src_debug

#define SRC_CAPS "audio/x-raw, format = (string) F32LE, " \
    "layout = (string) interleaved, rate = (int) [ 8000, 192000 ], " \
    "channels = (int) 1"

#define DEFAULT_RATE 16000
#define DEFAULT_SAMPLES_PER_BUFFER 1024
#define DEFAULT_MACHINE ASD_MACHINE_FAN
#define DEFAULT_MACHINE_ID 0
#define DEFAULT_FAULT ASD_FAULT_NONE
#define DEFAULT_FAULT_TIME 0
#define DEFAULT_SEVERITY 0.5
#define DEFAULT_SNR 6.0
#define DEFAULT_SEED 0
#define DEFAULT_IS_LIVE FALSE

enum
{
  PROP_0,
  PROP_SAMPLES_PER_BUFFER,
  PROP_MACHINE,
  PROP_MACHINE_ID,
  PROP_FAULT,
  PROP_FAULT_TIME,
  PROP_SEVERITY,
  PROP_SNR,
  PROP_SEED,
  PROP_IS_LIVE,
};

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (SRC_CAPS));

#define GST_TYPE_ASD_TEST_SRC (gst_asd_test_src_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdTestSrc, gst_asd_test_src, GST, ASD_TEST_SRC,
    GstBaseSrc);

struct _GstAsdTestSrc
{
  GstBaseSrc parent;

  /* properties, under the object lock */
  AsdSimulatorConfig settings;  /* rate and fault_start are not used */
  GstClockTime fault_time;
  gint samples_per_buffer;

  /* streaming state */
  AsdSimulatorConfig config;
  GstClockTime config_fault_time;
  AsdSimulator *simulator;
  GstAudioInfo info;
  GstClockTime start_time, stop_time;   /* of the segment */
  guint64 next_sample;
  guint64 stop_sample;          /* G_MAXUINT64: none */
};

#define GST_TYPE_ASD_MACHINE (gst_asd_machine_get_type ())
static GType
gst_asd_machine_get_type (void)
{
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstAsdMachine",
            asd_machine_values ()));
  return type;
}

#define GST_TYPE_ASD_FAULT (gst_asd_fault_get_type ())
static GType
gst_asd_fault_get_type (void)
{
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstAsdFault",
            asd_fault_values ()));
  return type;
}

G_DEFINE_TYPE_WITH_CODE (GstAsdTestSrc, gst_asd_test_src, GST_TYPE_BASE_SRC,
    GST_DEBUG_CATEGORY_INIT (gst_asd_test_src_debug, "asdtestsrc", 0,
        "simulated machine"));
GST_ELEMENT_REGISTER_DEFINE (asdtestsrc, "asdtestsrc", GST_RANK_NONE,
    GST_TYPE_ASD_TEST_SRC);

static void
gst_asd_test_src_set_property (GObject * object, guint id,
    const GValue * value, GParamSpec * pspec)
{
  GstAsdTestSrc *self = GST_ASD_TEST_SRC (object);

  /* The base class takes the lock itself. */
  if (id == PROP_IS_LIVE) {
    gst_base_src_set_live (GST_BASE_SRC (self), g_value_get_boolean (value));
    return;
  }

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_SAMPLES_PER_BUFFER:
      self->samples_per_buffer = g_value_get_int (value);
      break;
    case PROP_MACHINE:
      self->settings.machine = g_value_get_enum (value);
      break;
    case PROP_MACHINE_ID:
      self->settings.machine_id = g_value_get_uint (value);
      break;
    case PROP_FAULT:
      self->settings.fault = g_value_get_enum (value);
      break;
    case PROP_FAULT_TIME:
      self->fault_time = g_value_get_uint64 (value);
      break;
    case PROP_SEVERITY:
      self->settings.severity = g_value_get_double (value);
      break;
    case PROP_SNR:
      self->settings.snr = g_value_get_double (value);
      break;
    case PROP_SEED:
      self->settings.seed = g_value_get_uint (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_asd_test_src_get_property (GObject * object, guint id, GValue * value,
    GParamSpec * pspec)
{
  GstAsdTestSrc *self = GST_ASD_TEST_SRC (object);

  if (id == PROP_IS_LIVE) {
    g_value_set_boolean (value, gst_base_src_is_live (GST_BASE_SRC (self)));
    return;
  }

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_SAMPLES_PER_BUFFER:
      g_value_set_int (value, self->samples_per_buffer);
      break;
    case PROP_MACHINE:
      g_value_set_enum (value, self->settings.machine);
      break;
    case PROP_MACHINE_ID:
      g_value_set_uint (value, self->settings.machine_id);
      break;
    case PROP_FAULT:
      g_value_set_enum (value, self->settings.fault);
      break;
    case PROP_FAULT_TIME:
      g_value_set_uint64 (value, self->fault_time);
      break;
    case PROP_SEVERITY:
      g_value_set_double (value, self->settings.severity);
      break;
    case PROP_SNR:
      g_value_set_double (value, self->settings.snr);
      break;
    case PROP_SEED:
      g_value_set_uint (value, self->settings.seed);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
      break;
  }
  GST_OBJECT_UNLOCK (self);
}

/* Takes the settings for this run and checks them, before any caps. */
static gboolean
gst_asd_test_src_start (GstBaseSrc * src)
{
  GstAsdTestSrc *self = GST_ASD_TEST_SRC (src);
  const char *complaint;

  GST_OBJECT_LOCK (self);
  self->config = self->settings;
  self->config_fault_time = self->fault_time;
  GST_OBJECT_UNLOCK (self);

  gst_audio_info_init (&self->info);
  complaint = asd_simulator_config_check (&self->config);
  if (complaint != NULL)
    goto bad_settings;
  return TRUE;

bad_settings:
  GST_ELEMENT_ERROR (self, LIBRARY, SETTINGS, ("machine=%s fault=%s: %s",
          asd_machine_values ()[self->config.machine].value_nick,
          asd_fault_values ()[self->config.fault].value_nick, complaint),
      (NULL));
  return FALSE;
}

static gboolean
gst_asd_test_src_stop (GstBaseSrc * src)
{
  GstAsdTestSrc *self = GST_ASD_TEST_SRC (src);

  g_clear_pointer (&self->simulator, asd_simulator_free);
  return TRUE;
}

static GstCaps *
gst_asd_test_src_fixate (GstBaseSrc * src, GstCaps * caps)
{
  caps = gst_caps_make_writable (caps);
  gst_structure_fixate_field_nearest_int (gst_caps_get_structure (caps, 0),
      "rate", DEFAULT_RATE);
  return GST_BASE_SRC_CLASS (gst_asd_test_src_parent_class)->fixate (src, caps);
}

static guint64
time_to_sample (GstClockTime time, gint rate)
{
  return gst_util_uint64_scale_round (time, rate, GST_SECOND);
}

static GstClockTime
sample_to_time (guint64 sample, gint rate)
{
  return gst_util_uint64_scale_round (sample, GST_SECOND, rate);
}

/* Goes to the start of the segment. */
static void
apply_segment (GstAsdTestSrc * self)
{
  gint rate = GST_AUDIO_INFO_RATE (&self->info);

  self->next_sample = time_to_sample (self->start_time, rate);
  self->stop_sample = GST_CLOCK_TIME_IS_VALID (self->stop_time) ?
      time_to_sample (self->stop_time, rate) : G_MAXUINT64;
  asd_simulator_seek (self->simulator, self->next_sample);
  GST_DEBUG_OBJECT (self, "at sample %" G_GUINT64_FORMAT, self->next_sample);
}

static gboolean
gst_asd_test_src_set_caps (GstBaseSrc * src, GstCaps * caps)
{
  GstAsdTestSrc *self = GST_ASD_TEST_SRC (src);
  gint old_rate = GST_AUDIO_INFO_RATE (&self->info), rate;
  GstAudioInfo info;

  if (!gst_audio_info_from_caps (&info, caps)) {
    GST_ERROR_OBJECT (self, "not audio caps: %" GST_PTR_FORMAT, caps);
    return FALSE;
  }
  rate = GST_AUDIO_INFO_RATE (&info);
  if (self->simulator != NULL && rate == old_rate)
    return TRUE;

  /* At a new rate the stream goes on at the same time. */
  if (self->simulator != NULL)
    self->start_time = sample_to_time (self->next_sample, old_rate);
  GST_OBJECT_LOCK (self);
  self->info = info;
  GST_OBJECT_UNLOCK (self);
  self->config.rate = rate;
  self->config.fault_start = time_to_sample (self->config_fault_time, rate);
  g_clear_pointer (&self->simulator, asd_simulator_free);
  self->simulator = asd_simulator_new (&self->config);
  apply_segment (self);
  GST_INFO_OBJECT (self, "machine %d id %u seed %u, fault %d severity %g from "
      "sample %" G_GUINT64_FORMAT ", snr %g dB, %d Hz", self->config.machine,
      self->config.machine_id, self->config.seed, self->config.fault,
      self->config.severity, self->config.fault_start, self->config.snr, rate);
  return TRUE;
}

static gboolean
gst_asd_test_src_is_seekable (GstBaseSrc * src)
{
  return TRUE;
}

/* A backward seek is refused here: when do_seek fails, the base class has
 * already flushed and then goes on without a segment. */
static gboolean
gst_asd_test_src_event (GstBaseSrc * src, GstEvent * event)
{
  gdouble rate;

  if (GST_EVENT_TYPE (event) == GST_EVENT_SEEK) {
    gst_event_parse_seek (event, &rate, NULL, NULL, NULL, NULL, NULL, NULL);
    if (rate < 0.0) {
      GST_WARNING_OBJECT (src, "cannot play backwards");
      return FALSE;
    }
  }
  return GST_BASE_SRC_CLASS (gst_asd_test_src_parent_class)->event (src, event);
}

/* The base class calls this with the streaming thread stopped: first of all
 * for the start of a stream, without caps and a simulator yet. */
static gboolean
gst_asd_test_src_do_seek (GstBaseSrc * src, GstSegment * segment)
{
  GstAsdTestSrc *self = GST_ASD_TEST_SRC (src);

  self->start_time = segment->position;
  self->stop_time = segment->stop;
  if (self->simulator != NULL)
    apply_segment (self);
  return TRUE;
}

static void
gst_asd_test_src_get_times (GstBaseSrc * src, GstBuffer * buffer,
    GstClockTime * start, GstClockTime * end)
{
  *start = *end = GST_CLOCK_TIME_NONE;
  if (gst_base_src_is_live (src)) {
    *start = GST_BUFFER_PTS (buffer);
    *end = *start + GST_BUFFER_DURATION (buffer);
  }
}

static gboolean
gst_asd_test_src_query_latency (GstAsdTestSrc * self, GstQuery * query)
{
  gint rate, samples;
  GstClockTime latency;

  GST_OBJECT_LOCK (self);
  rate = GST_AUDIO_INFO_RATE (&self->info);
  samples = self->samples_per_buffer;
  GST_OBJECT_UNLOCK (self);
  if (rate == 0)
    return FALSE;

  latency = sample_to_time (samples, rate);
  gst_query_set_latency (query, gst_base_src_is_live (GST_BASE_SRC (self)),
      latency, GST_CLOCK_TIME_NONE);
  GST_DEBUG_OBJECT (self, "latency %" GST_TIME_FORMAT, GST_TIME_ARGS (latency));
  return TRUE;
}

static gboolean
gst_asd_test_src_query_convert (GstAsdTestSrc * self, GstQuery * query)
{
  GstFormat from_format, to_format;
  gint64 from, to;
  GstAudioInfo info;

  GST_OBJECT_LOCK (self);
  info = self->info;
  GST_OBJECT_UNLOCK (self);
  gst_query_parse_convert (query, &from_format, &from, &to_format, NULL);
  if (GST_AUDIO_INFO_RATE (&info) == 0 ||
      !gst_audio_info_convert (&info, from_format, from, to_format, &to))
    return FALSE;
  gst_query_set_convert (query, from_format, from, to_format, to);
  return TRUE;
}

static gboolean
gst_asd_test_src_query (GstBaseSrc * src, GstQuery * query)
{
  switch (GST_QUERY_TYPE (query)) {
    case GST_QUERY_LATENCY:
      return gst_asd_test_src_query_latency (GST_ASD_TEST_SRC (src), query);
    case GST_QUERY_CONVERT:
      return gst_asd_test_src_query_convert (GST_ASD_TEST_SRC (src), query);
    default:
      return GST_BASE_SRC_CLASS (gst_asd_test_src_parent_class)->query (src,
          query);
  }
}

static GstFlowReturn
gst_asd_test_src_create (GstBaseSrc * src, guint64 offset, guint length,
    GstBuffer ** buffer)
{
  GstAsdTestSrc *self = GST_ASD_TEST_SRC (src);
  gint rate = GST_AUDIO_INFO_RATE (&self->info);
  guint64 first = self->next_sample, n_samples;
  GstMapInfo map;

  GST_OBJECT_LOCK (self);
  n_samples = self->samples_per_buffer;
  GST_OBJECT_UNLOCK (self);
  if (first >= self->stop_sample)
    return GST_FLOW_EOS;
  n_samples = MIN (n_samples, self->stop_sample - first);

  if (*buffer == NULL)
    *buffer = gst_buffer_new_allocate (NULL, n_samples * sizeof (gfloat), NULL);
  if (*buffer == NULL || !gst_buffer_map (*buffer, &map, GST_MAP_WRITE))
    goto no_memory;
  asd_simulator_process (self->simulator, (gfloat *) map.data, n_samples);
#if G_BYTE_ORDER == G_BIG_ENDIAN
  for (gsize i = 0; i < n_samples; i++)
    GST_WRITE_FLOAT_LE (map.data + i * sizeof (gfloat),
        ((gfloat *) map.data)[i]);
#endif
  gst_buffer_unmap (*buffer, &map);

  self->next_sample = first + n_samples;
  GST_BUFFER_OFFSET (*buffer) = first;
  GST_BUFFER_OFFSET_END (*buffer) = self->next_sample;
  GST_BUFFER_PTS (*buffer) = sample_to_time (first, rate);
  GST_BUFFER_DURATION (*buffer) = sample_to_time (self->next_sample, rate) -
      GST_BUFFER_PTS (*buffer);
  return GST_FLOW_OK;

no_memory:
  GST_ELEMENT_ERROR (self, RESOURCE, NO_SPACE_LEFT,
      ("no memory for a buffer of %" G_GUINT64_FORMAT " samples: lower "
          "samplesperbuffer", n_samples), (NULL));
  return GST_FLOW_ERROR;
}

static void
gst_asd_test_src_install_properties (GObjectClass * object_class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
      GST_PARAM_MUTABLE_READY;

  g_object_class_install_property (object_class, PROP_SAMPLES_PER_BUFFER,
      g_param_spec_int ("samplesperbuffer", "Samples per buffer",
          "Samples in each buffer", 1, G_MAXINT / (gint) sizeof (gfloat),
          DEFAULT_SAMPLES_PER_BUFFER, flags));
  g_object_class_install_property (object_class, PROP_MACHINE,
      g_param_spec_enum ("machine", "Machine", "Kind of machine",
          GST_TYPE_ASD_MACHINE, DEFAULT_MACHINE, flags));
  g_object_class_install_property (object_class, PROP_MACHINE_ID,
      g_param_spec_uint ("machine-id", "Machine id",
          "Which individual: sets its speed, resonances and level",
          0, G_MAXUINT, DEFAULT_MACHINE_ID, flags));
  g_object_class_install_property (object_class, PROP_FAULT,
      g_param_spec_enum ("fault", "Fault",
          "What is wrong with the machine; must be one of its own faults",
          GST_TYPE_ASD_FAULT, DEFAULT_FAULT, flags));
  g_object_class_install_property (object_class, PROP_FAULT_TIME,
      g_param_spec_uint64 ("fault-time", "Fault time",
          "Stream time in ns from which the fault is there (0 = from the "
          "start)", 0, G_MAXUINT64 - 1, DEFAULT_FAULT_TIME, flags));
  g_object_class_install_property (object_class, PROP_SEVERITY,
      g_param_spec_double ("severity", "Severity",
          "How bad the fault is, from 0 (as none) to 1 (about to fail)",
          0.0, 1.0, DEFAULT_SEVERITY, flags));
  g_object_class_install_property (object_class, PROP_SNR,
      g_param_spec_double ("snr", "Signal-to-noise ratio",
          "Level of the healthy machine over that of the factory noise, in dB",
          -20.0, 60.0, DEFAULT_SNR, flags));
  g_object_class_install_property (object_class, PROP_SEED,
      g_param_spec_uint ("seed", "Seed",
          "Which recording of the machine: sets everything random in it",
          0, G_MAXUINT, DEFAULT_SEED, flags));
  g_object_class_install_property (object_class, PROP_IS_LIVE,
      g_param_spec_boolean ("is-live", "Is live",
          "Whether to act as a live source", DEFAULT_IS_LIVE, flags));
}

static void
gst_asd_test_src_class_init (GstAsdTestSrcClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseSrcClass *src_class = GST_BASE_SRC_CLASS (klass);

  object_class->set_property = gst_asd_test_src_set_property;
  object_class->get_property = gst_asd_test_src_get_property;
  gst_asd_test_src_install_properties (object_class);
  gst_type_mark_as_plugin_api (GST_TYPE_ASD_MACHINE, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_ASD_FAULT, 0);

  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class,
      "Simulated machine", "Source/Audio",
      "Makes the sound of a machine in a factory, with or without a fault",
      "gst-asd developers");

  src_class->start = GST_DEBUG_FUNCPTR (gst_asd_test_src_start);
  src_class->stop = GST_DEBUG_FUNCPTR (gst_asd_test_src_stop);
  src_class->fixate = GST_DEBUG_FUNCPTR (gst_asd_test_src_fixate);
  src_class->set_caps = GST_DEBUG_FUNCPTR (gst_asd_test_src_set_caps);
  src_class->is_seekable = GST_DEBUG_FUNCPTR (gst_asd_test_src_is_seekable);
  src_class->do_seek = GST_DEBUG_FUNCPTR (gst_asd_test_src_do_seek);
  src_class->event = GST_DEBUG_FUNCPTR (gst_asd_test_src_event);
  src_class->get_times = GST_DEBUG_FUNCPTR (gst_asd_test_src_get_times);
  src_class->query = GST_DEBUG_FUNCPTR (gst_asd_test_src_query);
  src_class->create = GST_DEBUG_FUNCPTR (gst_asd_test_src_create);
}

static void
gst_asd_test_src_init (GstAsdTestSrc * self)
{
  asd_simulator_config_init (&self->settings);
  self->settings.machine = DEFAULT_MACHINE;
  self->settings.machine_id = DEFAULT_MACHINE_ID;
  self->settings.fault = DEFAULT_FAULT;
  self->settings.severity = DEFAULT_SEVERITY;
  self->settings.snr = DEFAULT_SNR;
  self->settings.seed = DEFAULT_SEED;
  self->fault_time = DEFAULT_FAULT_TIME;
  self->samples_per_buffer = DEFAULT_SAMPLES_PER_BUFFER;
  gst_base_src_set_format (GST_BASE_SRC (self), GST_FORMAT_TIME);
  gst_base_src_set_live (GST_BASE_SRC (self), DEFAULT_IS_LIVE);
}
