package jamestls.fakeinternet;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.util.HexFormat;

/**
 * One that knows no TLS above 1.1. Java's own servers can no longer be that, so its one message is written byte by byte: the
 * ServerHello that answers any ClientHello with version 1.1, and a cipher suite of that age.
 */
public final class OutdatedTlsPeer {

    /** RFC 5246 §7.2: the other side thinks too little of the version. */
    public static final int PROTOCOL_VERSION = 70;

    private static final int ALERT = 21;
    // RFC 4346 §7.4.1.3: version 0302, random, no session id, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, no compression
    private static final byte[] SERVER_HELLO = HexFormat.of().parseHex(
        "160302" + "002a" + "02000026" + "0302" + "5a".repeat(32) + "00" + "c013" + "00");

    private OutdatedTlsPeer() {
    }

    /**
     * Answers the ClientHello that comes next on {@code socket}.
     *
     * @return the description of the fatal alert that this gets, RFC 5246 §7.2
     * @throws IOException if there is no alert
     */
    public static int answer(Socket socket) throws IOException {
        DataInputStream in = new DataInputStream(socket.getInputStream());
        readRecord(in);
        OutputStream out = socket.getOutputStream();
        out.write(SERVER_HELLO);
        out.flush();
        int type = in.read();
        byte[] alert = rest(in);
        if (type != ALERT) {
            throw new IOException("a record of type " + type + " instead of an alert");
        }
        return alert[1];
    }

    private static void readRecord(DataInputStream in) throws IOException {
        in.readByte();
        rest(in);
    }

    private static byte[] rest(DataInputStream in) throws IOException {
        in.readShort();
        byte[] content = new byte[in.readUnsignedShort()];
        in.readFully(content);
        return content;
    }
}
