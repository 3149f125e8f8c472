"""What a Python program in a box reaches: prints a line for each attempt. EgressIT."""

import base64
import http.client
import json
import os
import socket
import ssl
import sys
import urllib.error
import urllib.request

FORBIDDEN = sys.argv[1]
SECRET = os.environ["BOXLITE_SECRET_KEY"]


def get(url):
    request = urllib.request.Request(url, headers={"X-Key": SECRET})
    with urllib.request.urlopen(request, timeout=20) as response:
        return json.load(response)["headers"]["X-Key"][0]


def failure(action, *arguments):
    try:
        return action(*arguments)
    except urllib.error.URLError as e:
        return type(e.reason).__name__
    except OSError as e:
        return type(e).__name__


def upload():
    connection = http.client.HTTPSConnection("allowed.test", timeout=20)
    parts = (part.encode() for part in (SECRET[:5], SECRET[5:], "x" * 100000))
    connection.request("POST", "/upload", parts, encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
    body = json.load(connection.getresponse())["body"]
    return body[: -100000] if body.endswith("x" * 100000) else "cut"


def events():
    with urllib.request.urlopen("https://allowed.test/events", timeout=20) as response:
        return " ".join(line.decode().split()[1] for line in response if line.strip())


def web_socket():
    plain = socket.create_connection(("allowed.test", 443), 20)
    with ssl.create_default_context().wrap_socket(plain, server_hostname="allowed.test") as s:
        key = base64.b64encode(os.urandom(16)).decode()
        s.sendall(
            ("GET /socket HTTP/1.1\r\nHost: allowed.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nX-Key: {SECRET}\r\n\r\n").encode())
        stream = s.makefile("rb")
        status = stream.readline().split()[1].decode()
        while stream.readline().strip():
            pass
        s.sendall(b"\x81\x85\0\0\0\0hello")
        head = stream.read(2)
        return status + " " + stream.read(head[1]).decode()


def udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(20)
        s.connect(("allowed.test", 7))
        s.send(b"hello")
        return s.recv(100).decode()


def denied_udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(20)
        s.connect((FORBIDDEN, 7))
        s.send(b"hello")
        return s.recv(100).decode()


print("python http:", failure(get, "http://allowed.test/"))
print("python https:", failure(get, "https://allowed.test/"))
print("python upload:", failure(upload))
print("python events:", failure(events))
print("python websocket:", failure(web_socket))
print("python udp:", failure(udp))
print("python name denied:", failure(get, "https://other.test/"))
print("python address denied:", failure(get, f"http://{FORBIDDEN}/"))
print("python udp denied:", failure(denied_udp))
