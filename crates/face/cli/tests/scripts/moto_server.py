"""Serves moto on a free port until it is killed, and writes its address: READY-FILE"""

import os
import sys
import threading

from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
with open(sys.argv[1] + ".new", "w") as file:
    file.write(f"http://{host}:{port}")
os.rename(sys.argv[1] + ".new", sys.argv[1])
threading.Event().wait()
