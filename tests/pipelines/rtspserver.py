#!/usr/bin/python3
"""An RTSP server of simulated machines for tests: rtspserver.py PORT [PASSWORD]

PORT 0 takes a free one. Prints the port when it listens. With a password, only
"user" with it gets in."""
import sys

import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstRtsp', '1.0')
gi.require_version('GstRtspServer', '1.0')
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

MACHINE = 'asdtestsrc is-live=true machine=fan ! audioconvert ! audioresample'
VIDEO = 'videotestsrc is-live=true ! jpegenc ' \
    '! rtpjpegpay name=pay0'
L16 = f'{MACHINE} ! audio/x-raw,rate=16000,format=S16BE,channels=1 ! rtpL16pay'
MEDIA = {
    '/pcmu': f'{MACHINE} ! audio/x-raw,rate=8000,channels=1 ! mulawenc '
             '! rtppcmupay name=pay0',
    '/aac': f'{MACHINE} ! audio/x-raw,rate=16000 ! voaacenc '
            '! rtpmp4gpay name=pay0',
    '/l16': f'{L16} name=pay0',
    '/video': VIDEO,
    '/both': f'{VIDEO} {L16} name=pay1',
    '/odd': f'{MACHINE} ! audio/x-raw,rate=16000,format=S16BE,channels=1 '
            '! rtpL16pay ! capssetter caps=application/x-rtp,'
            'encoding-name=X-ODD ! rtpgstpay name=pay0',
}


def main():
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address('127.0.0.1')
    server.set_service(sys.argv[1])
    mounts = server.get_mount_points()
    for path, launch in MEDIA.items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(f'( {launch} )')
        factory.set_shared(True)
        if len(sys.argv) > 2:
            permissions = GstRtspServer.RTSPPermissions()
            permissions.add_permission_for_role('user', 'media.factory.access',
                                                True)
            permissions.add_permission_for_role(
                'user', 'media.factory.construct', True)
            factory.set_permissions(permissions)
        mounts.add_factory(path, factory)
    if len(sys.argv) > 2:
        token = GstRtspServer.RTSPToken()
        token.set_string('media.factory.role', 'user')
        auth = GstRtspServer.RTSPAuth()
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic('user', sys.argv[2]),
                       token)
        server.set_auth(auth)
    if server.attach(None) == 0:
        sys.exit('rtspserver.py: cannot listen at port ' + sys.argv[1])
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


main()
