import NIOCore

/// The transport of one exchange: an HTTP/1.1 connection, or one stream of an HTTP/2 connection.
///
/// The wire moves bytes and knows the rules of its protocol. `Exchange` decides the meaning of the bytes. All calls in
/// both directions are made on the event loop of the wire.
protocol ExchangeWire: AnyObject {
    var eventLoop: any EventLoop { get }
    /// False after the connection or the stream has ended.
    var isActive: Bool { get }
    /// False while the client reads its answers too slowly.
    var isWritable: Bool { get }
    /// The claim of the wire on the budget for unread answers.
    var answers: ByteLease { get }
    /// The number of body bytes that the wire may hold until the body's reader wants them. The number is 0 in HTTP/1.1,
    /// because the server stops reading from the socket instead.
    var receiveWindow: Int { get }

    /// Runs the task of the exchange.
    func start(_ task: ExchangeTask)
    /// Writes the header of `response`. Also writes the body if `hasBody` is true and the body is not streamed.
    func send(_ response: Response, hasBody: Bool)
    /// Writes a piece of a streamed body.
    func send(_ piece: ByteBuffer)
    /// Writes the end of a streamed body.
    func sendEnd()
    /// Tells the client to send the body (RFC 9110 §10.1.1).
    func sendContinue()
    /// Records that the whole answer has been written.
    func answerFinished()
    /// Accepts no more bytes of the request.
    func stopInput()
    /// Ends the exchange so that the client notices the incomplete answer.
    func abort()
    /// Flushes the output, updates the deadline, and continues to read if more input is wanted.
    func proceed()
}
